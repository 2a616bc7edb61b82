/// An operator after which the statistics of channels still tell how images were prepared: it weighs, adds or selects
/// what it is given.
///
/// The normalisation probe looks through such operators. Deeper in a network statistics say more about what is in the
/// images than about how they came there.
package protocol PreparationKeeping: Operator {}
