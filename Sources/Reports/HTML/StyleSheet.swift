/// The looks of the page: light and dark, on a screen and on paper. Holds no `<`, `>` or `&`, so that the page stays
/// well-formed XML.
enum StyleSheet {
  static let text: StaticString = """
    :root {
      color-scheme: light dark;
      --paper: #fbfbf9; --card: #ffffff; --ink: #1d2428; --soft: #5c686f; --line: #e3e5e2; --accent: #2f6f8f;
      --track: #edefec; --loss: #b3402f; --gain: #2e7d5b; --heat: 47, 111, 143;
      --notice: #fdf6e3; --notice-line: #e0c36a;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --paper: #14181b; --card: #1b2124; --ink: #e4e8ea; --soft: #98a4ab; --line: #2d3539; --accent: #74b3d1;
        --track: #2a3236; --loss: #ef8b79; --gain: #74c6a0; --heat: 116, 179, 209;
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
    h3 { font-size: .95rem; font-weight: 600; margin: 0 0 .4rem; }
    p, li, dd { max-width: 46rem; overflow-wrap: anywhere; }
    p { margin: 0 0 .9rem; }
    .lead { font-size: 1.08rem; }
    .eyebrow { color: var(--soft); font-size: .85rem; margin: 0 0 .3rem; }
    .tiles {
      display: grid; grid-template-columns: repeat(auto-fit, minmax(13.5rem, 1fr)); gap: .9rem; margin: 1.6rem 0 0;
    }
    .tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .9rem 1.1rem; }
    .tile .label { color: var(--soft); font-size: .85rem; }
    .tile .value { font-size: 1.55rem; font-weight: 600; line-height: 1.35; overflow-wrap: anywhere; }
    .tile .note { color: var(--soft); font-size: .85rem; line-height: 1.4; }
    .tile.loss .value { color: var(--loss); }
    .tile.gain .value { color: var(--gain); }
    .notice {
      background: var(--notice); border: 1px solid var(--notice-line); border-radius: 8px; margin: 1.2rem 0 0;
      padding: .6rem 1rem; overflow-wrap: anywhere;
    }
    .scroll { overflow-x: auto; margin: 0 0 1.1rem; }
    table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
    th, td {
      padding: .38rem .8rem .38rem 0; text-align: left; vertical-align: middle; border-bottom: 1px solid var(--line);
    }
    th:last-child, td:last-child { padding-right: 0; }
    thead th { color: var(--soft); font-weight: 500; font-size: .82rem; vertical-align: bottom; }
    tbody th { font-weight: 500; overflow-wrap: anywhere; min-width: 7rem; }
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
    .change.loss .range, .change.loss .value { fill: var(--loss); }
    .change.gain .range, .change.gain .value { fill: var(--gain); }
    .track { fill: var(--track); }
    .fill { fill: var(--accent); }
    .matrices { display: flex; flex-wrap: wrap; gap: 1.2rem 3rem; }
    .matrix td, .matrix th { padding: .3rem .55rem; text-align: right; border: 0; }
    .matrix th { min-width: 0; color: var(--soft); font-weight: 500; font-size: .82rem; }
    .matrix td { border: 2px solid var(--paper); border-radius: 6px; min-width: 2.8rem; }
    .matrix td.right { font-weight: 650; }
    .matrix small { color: var(--ink); opacity: .75; }
    footer { color: var(--soft); font-size: .85rem; margin-top: 3rem; }
    @media print {
      :root {
        color-scheme: light; --paper: #ffffff; --card: #ffffff; --ink: #000000; --soft: #444444; --line: #cccccc;
        --accent: #2f6f8f; --track: #eeeeee; --loss: #b3402f; --gain: #2e7d5b; --heat: 47, 111, 143; --notice: #ffffff;
        --notice-line: #999999;
      }
      * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
      html { font-size: 9pt; }
      body { font-size: 9.5pt; }
      main { max-width: none; padding: 0; }
      h2 { break-after: avoid; margin-top: 1.6rem; }
      tr, .tile, .matrices, dl { break-inside: avoid; }
      thead { display: table-header-group; }
      tfoot { display: table-row-group; }
      .scroll { overflow: visible; }
      table { font-size: 8pt; }
    }

    """
}
