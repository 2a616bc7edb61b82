"""Looks for code that would go on in silence where something is wrong.

A broken invariant that is passed over becomes a wrong number, and nobody sees that it is one. So in the modules that
compute and store

  - functions of kernel tables are called as they are, and the C headers say that they are there;
  - what is not as it must be stops with a sentence (`preconditionFailure`) or throws: a `guard` that only returns stands
    below, with the reason why there is nothing to do;
  - `try?` drops the reason why something failed, so it stands below, too;
  - memory is lent (`withBytes`): pointers that outlive their scope, owners that are kept by hand, and promises the
    compiler does not check stand below, with the reason why they hold.

Before it looks, every rule must find the sample that breaks it. Python's standard library is all that is needed.
"""

import pathlib
import re
import sys

MODULES = ["Bundles", "DermRuntime", "HeapMemory", "IR", "Images", "Math", "OpenBLASMath", "Operators", "Quantization",
           "Runtime", "Tensors", "Threads"]

# Rules by name: what to look for, a sample that has it, one that has not, and what to write instead.
RULES = {
    "optional call": (
        r"(?<!init)(?<!try)(?<!as)\?\(", "add?(count, a, b, y)", "init?(count: Int)",
        "a function that may not be there is passed over: make it one that is"),
    "silent return": (
        r"\belse\s*\{\s*return\s*\}", "guard let side = call.side\n    else { return }", "else { return nil }",
        "stop with preconditionFailure and a sentence, or throw"),
    "dropped error": (
        r"\btry\?", "let kernel = try? prepare()", "let kernel = try prepare()", "throw what failed, or stop"),
    "kept owner": (
        r"\bwithExtendedLifetime\b", "withExtendedLifetime(file) { file.count }", "file.withBytes { $0.count }",
        "lend the memory: withBytes, withPointer, withMemory"),
    "unmanaged pointer": (
        r"\.unmanaged(Bytes|Base)\b", "let bytes = file.unmanagedBytes", "file.withBytes { $0 }",
        "lend the memory: withBytes, withPointer, withMemory"),
    "unchecked promise": (
        r"@unchecked\s+Sendable|\bunsafelyUnwrapped\b|\btry!|\bfatalError\b", "final class A: @unchecked Sendable {}",
        "final class A: Sendable {}", "let the compiler check it"),
}

# What may stand there: rule, file, the line (or the beginning of a statement over several), and why.
ALLOWED = [
    ("optional call", "Quantization/Calibrator.swift", "progress?(position)", "not everybody wants to be told"),
    ("optional call", "Quantization/ChangeRuns.swift", "progress?(start + position)",
     "not everybody wants to be told"),
    ("optional call", "Quantization/ChannelPruning.swift", "progress?(index)", "not everybody wants to be told"),
    ("optional call", "Quantization/MomentGatherer.swift", "progress?(position)", "not everybody wants to be told"),
    ("optional call", "Quantization/RoundingWalk.swift", "progress?(step)", "not everybody wants to be told"),
    ("optional call", "Quantization/WeightPruning.swift", "progress?(index)", "not everybody wants to be told"),
    ("silent return", "Bundles/Graph/TensorLayout.swift", 'guard let node = try node.optional("quantization")',
     "a type without quantization is complete"),
    ("silent return", "IR/Graph.swift", "guard old != new", "a value is replaced by itself"),
    ("silent return", "IR/Graph.swift", "guard isOutput(old)", "only outputs have more to change"),
    ("silent return", "IR/Graph.swift", "guard !nodes[Int(id.index)].isErased", "erasing twice is erasing"),
    ("silent return", "IR/Graph.swift", "guard let input = nodes[Int(id.index)].inputs[position]",
     "an input left out has no use"),
    ("silent return", "IR/Graph.swift", "guard slot < $0.uses.count", "the last use moves nowhere"),
    ("silent return", "IR/Graph.swift", "guard let before = pending", "nothing was changed"),
    ("silent return", "IR/UniqueNames.swift", "guard let suffix = suffixes[name]", "the name was not made by counting"),
    ("silent return", "Images/Orientation+Metadata.swift", "guard let tag = integer(entry, 2)",
     "a directory that is cut off has the entries before"),
    ("silent return", "Threads/Workers.swift", "guard begin < end", "a thread without a share"),
    ("silent return", "Operators/Reshape.swift", "guard source != call.output.base", "the elements are there already"),
    ("silent return", "Operators/Shared/ActivationAttribute.swift", "guard activation != .identity",
     "the default is not written"),
    ("silent return", "Operators/Shared/Evaluation.swift", "guard let base = bytes.baseAddress", "no elements"),
    ("silent return", "Operators/Shared/Int8Output.swift", "guard function != .identity", "the default is not written"),
    ("silent return", "Quantization/Calibrator.swift", "guard isWritten", "the source noted why it skips the sample"),
    ("silent return", "Quantization/Calibrator.swift", "guard let axis = channelAxes[value]",
     "integers, and what nobody asks for, are not observed"),
    ("silent return", "Quantization/Histogram.swift", "guard low <= high", "no finite value"),
    ("silent return", "Quantization/Histogram.swift", "guard let start = values.baseAddress", "no values"),
    ("silent return", "Quantization/Histogram.swift", "guard other.total > 0", "no values"),
    ("silent return", "Quantization/Histogram.swift", "guard low < minimum || high > maximum", "the grid is wide enough"),
    ("silent return", "Quantization/Histogram.swift", "guard wanted != exponent || newBase != base",
     "the grid stays as it is"),
    ("silent return", "Quantization/Observation.swift", "guard channels > 0, let base", "no channels, or no values"),
    ("silent return", "Quantization/Observation.swift", "guard !other.channelSums.isEmpty", "no channels"),
    ("silent return", "Quantization/ScaledHistograms.swift", "guard low <= high", "no finite value"),
    ("silent return", "Runtime/LayoutConversion.swift", "guard let source = bytes.baseAddress", "no elements"),
    ("silent return", "Runtime/LayoutConversion.swift", "guard let base = target.baseAddress", "no elements"),
    ("silent return", "Runtime/OccupiedMemory.swift", "guard !bytes.isEmpty", "no bytes"),
    ("silent return", "Runtime/FloatInput.swift", "guard let source = values.baseAddress", "no elements"),
    ("silent return", "Runtime/FloatInput.swift", "guard let target = target.baseAddress", "no values"),
    ("silent return", "Tensors/Buffer.swift", "guard let file, let start", "memory of no file stays"),
    ("silent return", "Tensors/MappedFile.swift", "guard let base", "an empty file has no pages"),
    ("silent return", "Tensors/MappedFile.swift", "guard start < end", "no pages"),
    ("silent return", "Tensors/StagedFile.swift", "guard descriptor >= 0", "a folder that cannot be opened, as said"),
    ("silent return", "Tensors/ToolProcess.swift", "guard let changed = cp_changed_file()", "no file has changed"),
    ("dropped error", "Bundles/BundleReader.swift", "guard let mapped = try? MappedFile(path: path)",
     "a file that cannot be read begins like nothing, as said"),
    ("kept owner", "HeapMemory/Arena.swift", "defer { withExtendedLifetime(self) {} }", "lends"),
    ("kept owner", "HeapMemory/PackedMemory.swift", "defer { withExtendedLifetime(self) {} }", "lends"),
    ("kept owner", "Runtime/Executor.swift", "defer { withExtendedLifetime(self) {} }", "lends"),
    ("kept owner", "Tensors/MemoryOwner.swift", "defer { withExtendedLifetime(self) {} }", "lends"),
    ("unmanaged pointer", "Math/Int8Convolution.swift", "kernel, shape, packed.unmanagedBase",
     "the convolution holds its weights"),
    ("unmanaged pointer", "Math/KernelMath.swift", "chosen, shape, packed.unmanagedBase", "the closure holds the weights"),
    ("unmanaged pointer", "Runtime/Executor.swift", "", "the executor holds the plan, which holds its constants"),
    ("unmanaged pointer", "Tensors/Buffer.swift", "", "the buffer holds its file"),
    ("unmanaged pointer", "Tensors/MemoryOwner.swift", "return try body(map(\\.unmanagedBytes))", "lends"),
    ("unchecked promise", "Threads/Workers.swift", "package final class Workers: @unchecked Sendable",
     "one executor runs it at a time, which no type says"),
]


def statement(text, position):
    """The line a match is in, and what follows; of a guard over several lines, its first."""
    start = text.rfind("\n", 0, position) + 1
    if text.startswith("else", position) and "guard " not in text[start:position]:
        start = max(0, text.rfind("guard ", 0, position))
    return text[start:].lstrip()


def without_comments(text):
    return re.sub(r"//[^\n]*", lambda m: " " * len(m.group()), text)


def find(text):
    """The rule and the statement of everything that breaks one."""
    text = without_comments(text)
    for name, (pattern, _, _, _) in RULES.items():
        for match in re.finditer(pattern, text):
            yield name, statement(text, match.start()), text.count("\n", 0, match.start()) + 1


def check_rules():
    for name, (_, bad, good, _) in RULES.items():
        if not any(found == name for found, _, _ in find(bad)):
            sys.exit(f"silence.py: rule \"{name}\" does not find {bad!r}")
        if any(found == name for found, _, _ in find(good)):
            sys.exit(f"silence.py: rule \"{name}\" finds {good!r}")


def table_headers(root):
    """Headers with structs of functions that do not say that pointers are to something."""
    for header in sorted((root / "Sources/CKernels").rglob("include/*.h")):
        text = header.read_text()
        if re.search(r"^\s+\w[\w \*]*\(\*\w+\)\(", text, re.M) and "#pragma clang assume_nonnull begin" not in text:
            yield header


def main():
    check_rules()
    root = pathlib.Path(__file__).resolve().parent.parent
    problems = []
    used = set()
    for module in MODULES:
        for path in sorted((root / "Sources" / module).rglob("*.swift")):
            name = str(path.relative_to(root / "Sources"))
            for rule, line, number in find(path.read_text()):
                allowed = [a for a in ALLOWED if a[0] == rule and a[1] == name and line.startswith(a[2])]
                used.update(allowed)
                if not allowed:
                    first = line.splitlines()[0].strip()
                    problems.append(f"Sources/{name}:{number}: {rule}: {first}\n    {RULES[rule][3]}")
    problems += [f"Sources/{a[1]}: {a[0]} is allowed but not there: {a[2]}" for a in ALLOWED if a not in used]
    problems += [f"{h.relative_to(root)}: functions of a table are nullable: use assume_nonnull" for h in table_headers(root)]
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
