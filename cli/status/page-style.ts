/** The style of the page. Colours keep a contrast of 4.5 to 1 in both schemes. */
export const pageStyle = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --text: #17202b; --quiet: #55606e; --line: #dce1e8;
  --accent: #2457c5; --good: #19703e; --warn: #9a5b00; --bad: #b3261e; --bar: #4f7fe0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #10151c; --card: #1a212b; --text: #e8edf3; --quiet: #a3afbd; --line: #323c49;
    --accent: #9bbcff; --good: #7bd6a0; --warn: #f0b95b; --bad: #ff9d94; --bar: #5f8df0;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; padding: 2rem clamp(1rem, 4vw, 3rem) 4rem; background: var(--page);
  color: var(--text); font: 16px/1.5 system-ui, sans-serif;
}
main, header, footer { max-width: 76rem; margin-inline: auto; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 0 0 .75rem; }
p { margin: .25rem 0; }
a { color: var(--accent); }
a:focus-visible, [tabindex]:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--card); padding: .5rem 1rem; }
.quiet { color: var(--quiet); }
.tiles {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem;
  margin: 1.5rem 0; padding: 0; list-style: none;
}
.tiles li, section {
  background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1rem 1.25rem;
}
.tiles strong { display: block; font-size: 1.4rem; line-height: 1.3; overflow-wrap: anywhere; }
.tiles span { color: var(--quiet); font-size: .875rem; }
section { margin-bottom: 1rem; min-width: 0; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); gap: 1rem; align-items: start; }
.charts { margin-bottom: 1rem; }
.charts section { margin: 0; }
svg { display: block; width: 100%; max-width: 26rem; height: auto; font: 13px system-ui, sans-serif; }
svg text { fill: var(--quiet); } svg .figure { fill: var(--text); }
svg .bar { fill: var(--bar); } svg .none { fill: var(--good); }
svg .drift { fill: var(--bad); } svg .unknown { fill: var(--warn); }
svg .grid { stroke: var(--line); }
.legend { font-size: .875rem; } .legend span { white-space: nowrap; margin-right: .5rem; }
.good { color: var(--good); } .warn { color: var(--warn); } .bad { color: var(--bad); }
.attention { margin: 0; padding-left: 1.1rem; } .attention li { margin: .35rem 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
caption { text-align: left; color: var(--quiet); padding-bottom: .5rem; }
th, td { text-align: left; padding: .45rem .75rem .45rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tbody th { font-weight: 600; min-width: 9rem; max-width: 20rem; overflow-wrap: anywhere; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.time { white-space: nowrap; }
footer { color: var(--quiet); font-size: .875rem; overflow-wrap: anywhere; }
@media print {
  :root {
    --page: #ffffff; --card: #ffffff; --text: #000000; --quiet: #444444; --line: #bbbbbb;
    --accent: #000000; --good: #19703e; --warn: #9a5b00; --bad: #b3261e; --bar: #4f7fe0;
  }
  body { padding: 0; font-size: 11px; }
  .skip { display: none; }
  .scroll { overflow: visible; }
  .charts { display: block; }
  .charts section { margin-bottom: 1rem; }
  svg { max-width: 34rem; }
  section, tr { break-inside: avoid; }
  section.table { break-inside: auto; border: 0; padding: 0; }
  * { print-color-adjust: exact; }
}
`;
