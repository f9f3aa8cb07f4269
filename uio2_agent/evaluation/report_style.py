"""How a report looks: light or dark as the reader has it, wide or narrow."""

STYLE = """\
:root {
  color-scheme: light dark;
  --ink: #1c2430; --quiet: #667085; --line: #e3e7ee; --page: #f7f8fa; --card: #fff;
  --good: #1a7f4b; --bad: #b42318; --mark: #2f6fde; --span: #bcd3f8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e6e9ef; --quiet: #98a2b3; --line: #2d3542; --page: #12161d; --card: #1a202a;
    --good: #4ac285; --bad: #f27067; --mark: #7fb0ff; --span: #2b4a7d;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1240px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { font-size: 26px; margin: 0; letter-spacing: -0.01em; }
h2 { font-size: 18px; margin: 40px 0 12px; }
.origin, .note, .facts, .level { color: var(--quiet); }
.origin { margin: 2px 0 24px; }
.note { font-size: 13px; margin: 8px 2px; }
.wide { overflow-x: auto; background: var(--card); border: 1px solid var(--line);
  border-radius: 10px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 9px 11px; text-align: left; white-space: nowrap; }
th { font-size: 12px; font-weight: 600; color: var(--quiet); }
tbody tr { border-top: 1px solid var(--line); }
.bar { position: relative; width: 120px; height: 10px; border-radius: 5px;
  background: var(--line); }
.bar i { position: absolute; top: 0; height: 100%; border-radius: 5px; background: var(--span); }
.bar b { position: absolute; top: -3px; width: 3px; height: 16px; margin-left: -1.5px;
  border-radius: 2px; background: var(--mark); }
.single { display: grid; gap: 20px 16px;
  grid-template-columns: repeat(auto-fill, minmax(min(360px, 100%), 1fr)); }
.single .episode { display: flex; flex-direction: column; }
.single .cards { margin-top: auto; }
.several .episode { margin-bottom: 28px; }
.several .cards { display: grid; gap: 14px;
  grid-template-columns: repeat(auto-fit, minmax(min(280px, 100%), 1fr)); }
.prompt { margin: 0 2px 8px; font-weight: 500; overflow-wrap: anywhere; }
figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  overflow: hidden; border-top: 3px solid var(--bad); }
figure.success { border-top-color: var(--good); }
img { display: block; width: 100%; height: auto; background: #fff; }
audio { display: block; width: 100%; height: 40px; }
.level { font-size: 12px; margin: 4px 14px 0; }
figcaption { padding: 10px 14px; font-size: 14px; }
.verdict { font-weight: 600; margin-right: 8px; color: var(--bad); }
.success .verdict { color: var(--good); }
.facts { font-size: 13px; }
.bad { color: var(--bad); }
figcaption .bad { margin: 4px 0 0; overflow-wrap: anywhere; }
details { margin-top: 6px; }
summary { cursor: pointer; color: var(--quiet); font-size: 13px; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 12px; background: var(--page);
  padding: 10px; border-radius: 6px; margin: 6px 0 0; }
.tiles { display: flex; flex-wrap: wrap; gap: 12px; margin: 0 0 8px; }
.tiles div { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 12px 18px; flex: 1 1 150px; }
.tiles b { display: block; font-size: 22px; font-variant-numeric: tabular-nums; }
.tiles span { color: var(--quiet); font-size: 13px; }
.ablations td:last-child { white-space: normal; min-width: 200px; }
.levels tbody tr:last-child { border-top: 2px solid var(--quiet); }
.matrix { border-collapse: separate; border-spacing: 3px; }
.matrix tbody th { text-align: left; color: var(--ink); font-size: 14px; font-weight: 500; }
.matrix th { padding: 6px 11px; }
.matrix td { text-align: center; border-radius: 6px; padding: 6px 11px; min-width: 120px; }
.matrix td small { margin-left: 8px; opacity: 0.75; }
.matrix td em { display: block; font-size: 12px; font-style: normal; }
.matrix .full, .matrix .full em { color: #fff; }
.matrix .none { background: none; }
.failures { border-top: 1px solid var(--line); padding: 8px 2px; margin: 0; }
.failures > summary { color: var(--ink); font-size: 15px; padding: 4px 0; }
.failures > .single { margin: 12px 0 8px; }
"""
