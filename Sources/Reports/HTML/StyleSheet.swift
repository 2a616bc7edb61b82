/// The looks of the page: light and dark, on a screen and on paper. Holds no `<`, `>` or `&`, so that the page stays
/// well-formed XML.
enum StyleSheet {
  static let text: StaticString = """
    :root {
      color-scheme: light dark;
      --paper: #fbfbf9; --card: #ffffff; --ink: #1d2428; --soft: #5c686f; --line: #e3e5e2; --accent: #2f6f8f;
      --float: #c9ccc4; --ring: #6a7378; --compiled: #1f5f80; --track: #edefec; --loss: #b3402f; --gain: #2e7d5b; --heat: 47, 111, 143;
      --notice: #fdf6e3; --notice-line: #e0c36a;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --paper: #14181b; --card: #1b2124; --ink: #e4e8ea; --soft: #98a4ab; --line: #2d3539; --accent: #74b3d1;
        --float: #4b565c; --ring: #aab4b9; --compiled: #8fd0ee; --track: #2a3236; --loss: #ef8b79; --gain: #74c6a0; --heat: 116, 179, 209;
        --notice: #2b2616; --notice-line: #7d6a2d;
      }
    }
    * { box-sizing: border-box; }
    body {
      margin: 0; background: var(--paper); color: var(--ink);
      font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
    }
    main { max-width: 68rem; margin: 0 auto; padding: 3rem 1.5rem 5rem; }
    h1 { font-size: 1.7rem; line-height: 1.25; font-weight: 650; margin: 0 0 .9rem; overflow-wrap: anywhere; }
    h2 {
      font-size: 1.2rem; font-weight: 650; margin: 3.2rem 0 .9rem; padding-top: 1.1rem;
      border-top: 1px solid var(--line);
    }
    p, li, dd { max-width: 46rem; overflow-wrap: anywhere; }
    p { margin: 0 0 .9rem; }
    .lead { font-size: 1.08rem; }
    .eyebrow { color: var(--soft); font-size: .85rem; margin: 0 0 .3rem; }
    .tiles {
      display: grid; grid-template-columns: repeat(auto-fit, minmax(11.2rem, 1fr)); gap: .9rem; margin: 1.6rem 0 0;
    }
    .tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .9rem 1.1rem; }
    .tile .label { color: var(--soft); font-size: .85rem; }
    .tile .value { font-size: 1.45rem; font-weight: 600; line-height: 1.35; overflow-wrap: anywhere; }
    .tile .note { color: var(--soft); font-size: .85rem; line-height: 1.4; }
    .tile.loss .value { color: var(--loss); }
    .tile.gain .value { color: var(--gain); }
    .notice {
      background: var(--notice); border: 1px solid var(--notice-line); border-radius: 8px; margin: 1.2rem 0;
      padding: .6rem 1rem; overflow-wrap: anywhere;
    }
    .scroll { overflow-x: auto; margin: 0 0 1.1rem; }
    caption { text-align: left; font-weight: 600; font-size: .95rem; padding: 0 0 .35rem; }
    table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
    th, td {
      padding: .38rem .8rem .38rem 0; text-align: left; vertical-align: middle; border-bottom: 1px solid var(--line);
    }
    th:last-child, td:last-child { padding-right: 0; }
    thead th { color: var(--soft); font-weight: 500; font-size: .82rem; vertical-align: bottom; }
    tbody th { font-weight: 500; overflow-wrap: anywhere; min-width: 8rem; }
    td.word { white-space: nowrap; }
    tfoot td { border-bottom: 0; font-weight: 600; }
    .number { text-align: right; }
    td.number { white-space: nowrap; }
    .drawn { white-space: nowrap; }
    .drawn svg { vertical-align: middle; margin-right: .5rem; }
    code { font: .82rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
    dl { margin: 0 0 1.6rem; color: var(--soft); font-size: .88rem; }
    dt { display: inline; font-weight: 600; color: var(--ink); }
    dd { display: inline; margin: 0; }
    dd::after { content: ""; display: block; height: .25rem; }
    ul { margin: 0 0 1.2rem; padding-left: 1.2rem; }
    .axis { stroke: var(--line); stroke-width: 1; }
    .zero { stroke: var(--soft); stroke-width: 1; }
    .range { fill: var(--soft); opacity: .35; }
    .value { fill: var(--soft); }
    tbody th img {
      display: block; max-width: 96px; max-height: 96px; border-radius: 4px; margin: 0 0 .3rem;
    }
    details { margin: 0 0 1.4rem; }
    summary { cursor: pointer; color: var(--accent); font-weight: 600; margin: 0 0 .6rem; }
    .change.loss .range, .change.loss .value { fill: var(--loss); }
    .change.gain .range, .change.gain .value { fill: var(--gain); }
    .track { fill: var(--track); }
    .fill { fill: var(--accent); }
    .figures { display: flex; flex-wrap: wrap; gap: 1rem 1.5rem; align-items: flex-start; }
    figure { margin: 0 0 1.8rem; }
    figure.one { flex: 0 1 20.4rem; }
    figure.many { flex: 1 1 100%; }
    .plots { display: grid; gap: 1rem 1.2rem; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); }
    .one .plots { grid-template-columns: 1fr; }
    .plot { display: block; max-width: 100%; height: auto; overflow: visible; }
    .plot text { fill: var(--soft); font-size: 11px; font-variant-numeric: tabular-nums; }
    .figure-title { font-weight: 600; font-size: .95rem; margin: 0 0 .3rem; }
    .plot-title { color: var(--soft); margin: 0 0 .2rem; line-height: 1.35; font-size: .84rem; min-height: 1.1rem; }
    .plot .count { font-size: 9.5px; }
    .plot-title strong { display: block; color: var(--ink); font-weight: 600; }
    .frame { fill: none; stroke: var(--soft); stroke-width: 1; }
    .guess { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 3 4; }
    .curve { fill: none; stroke-linejoin: round; }
    .float.curve { stroke: var(--float); stroke-width: 5; }
    .compiled.curve { stroke: var(--compiled); stroke-width: 1.5; }
    .float.point { fill: none; stroke: var(--ring); stroke-width: 2; }
    .compiled.point { fill: var(--compiled); }
    .weights.cost { fill: var(--compiled); }
    .values.cost { fill: var(--ring); opacity: .55; }
    figure.wide { flex: 1 1 100%; }
    .framed { fill: none; stroke: var(--ring); stroke-width: 1.5; }
    .legend { color: var(--soft); font-size: .85rem; margin: .5rem 0 .3rem; }
    .legend span { display: inline-block; margin-right: 1.2rem; }
    .legend svg { vertical-align: middle; margin-right: .4rem; }
    figcaption { color: var(--soft); font-size: .88rem; max-width: 46rem; }
    .matrices { display: flex; flex-wrap: wrap; gap: 1.2rem 3rem; }
    .matrix td, .matrix th { padding: .3rem .55rem; text-align: right; border: 0; }
    .matrix th { min-width: 0; color: var(--soft); font-weight: 500; font-size: .82rem; }
    .matrix td { border: 2px solid var(--paper); border-radius: 6px; min-width: 2.8rem; }
    .matrix td.right { font-weight: 650; }
    .matrix small { color: var(--ink); opacity: .75; }
    @media screen and (max-width: 40rem) {
      main { padding: 1.6rem 1.1rem 3rem; }
      h1 { font-size: 1.4rem; }
      .tiles { grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .6rem; }
      .tile { padding: .7rem .8rem; }
      .tile .value { font-size: 1.2rem; }
      .stacked, .stacked caption, .stacked tbody { display: block; }
      .stacked thead { display: none; }
      .stacked tr {
        display: flex; flex-wrap: wrap; gap: .2rem 1.6rem; padding: .6rem 0;
        border-bottom: 1px solid var(--line);
      }
      .stacked th, .stacked td { border: 0; padding: 0; text-align: left; white-space: normal; }
      .stacked td { min-width: 4.5rem; }
      .stacked th, .stacked td.drawn { flex: 1 0 100%; }
      .stacked th { font-weight: 600; }
      .stacked td::before { content: attr(data-label); display: block; color: var(--soft); font-size: .76rem; }
      .matrix { font-size: .76rem; }
      .matrix th { font-size: .72rem; }
      .matrix td, .matrix th { padding: .25rem .3rem; }
      .matrix td { min-width: 2.1rem; }
      .plots { grid-template-columns: 1fr 1fr; gap: 1rem .6rem; }
    }
    footer { color: var(--soft); font-size: .85rem; margin-top: 3rem; }
    @media print {
      :root {
        color-scheme: light; --paper: #ffffff; --card: #ffffff; --ink: #000000; --soft: #444444; --line: #cccccc;
        --float: #c9ccc4; --ring: #555555; --compiled: #124a68; --accent: #2f6f8f; --track: #eeeeee; --loss: #b3402f; --gain: #2e7d5b; --heat: 47, 111, 143; --notice: #ffffff;
        --notice-line: #999999;
      }
      * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
      html { font-size: 9pt; }
      body { font-size: 9.5pt; }
      main { max-width: none; padding: 0; }
      h2 { break-after: avoid; margin-top: 1.6rem; }
      tr, .tile, .matrix, .plots div, figure.one, dl div { break-inside: avoid; }
      caption, .figure-title { break-after: avoid; }
      details::details-content { content-visibility: visible; height: auto; }
      thead { display: table-header-group; }
      tfoot { display: table-row-group; }
      .scroll { overflow: visible; }
      table { font-size: 8pt; }
      td.word { white-space: normal; }
    }

    """

  /// What pages with `ScatterChart` need besides.
  static let scatter: StaticString = """
    figure.scatter { flex: 0 1 25rem; }
    .front.curve { stroke: var(--compiled); stroke-width: 1.5; }
    .interval { stroke: var(--ring); stroke-width: 1.5; }
    .plot .number { fill: var(--ink); font-weight: 600; }
    @media print { figure.scatter { break-inside: avoid; } }

    """
}
