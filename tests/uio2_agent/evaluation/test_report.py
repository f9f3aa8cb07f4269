"""The report shows numbers, intervals and episodes, and loads nothing from anywhere else."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from urllib.parse import unquote

import numpy as np

from uio2_agent.evaluation import clips, report, sounds
from uio2_agent.evaluation.ledger import Episode
from uio2_agent.evaluation.provenance import provenance
from uio2_agent.evaluation.report import Run, metric_names, metric_rows, page, table_rows
from uio2_agent.evaluation.result import result

EFFORT = {"env_steps": 100, "env_seconds": 4.0, "decisions": 30, "policy_seconds": 2.0}


def run(folder, name="random", group="", successes=9, tasks=("rotate",)) -> Run:
    episodes = [
        Episode(
            episode=n,
            seed=900_000 + n,
            task=tasks[n % len(tasks)],
            success=n < successes,
            failure=n == successes,
            steps=n + 1,
            prompt=f"Put {n} <into> & under the box",
            answers=[f"pick {n} </script>"],
        )
        for n in range(9)
    ]
    episodes.append(
        Episode(episode=9, seed=900_009, task=tasks[0], success=False, error="ValueError: <bad>")
    )
    for n in (0, 1, 9):
        clips.keep(folder, n, clips.Clip(clips.encode([np.full((8, 12, 3), n, dtype=np.uint8)])))
    outcome = result(episodes, EFFORT, provenance({"seed": 900_000}))
    return Run(name, folder, outcome, episodes, group)


class Balanced(HTMLParser):
    """Fails on tags that are not closed in order."""

    void = {"meta", "img", "br", "link"}

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.sources: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.sources += [value for key, value in attrs if key in ("src", "href")]
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def parsed(text: str) -> Balanced:
    parser = Balanced()
    parser.feed(text)
    assert parser.open == []
    return parser


def test_shows_rate_interval_prompts_verdicts_and_answers(tmp_path):
    text = page([run(tmp_path)])
    for expected in ("90 %", "60 – 98 %", "25.0", "15.0", "seed 900001", "2 steps", "1 step<"):
        assert expected in text
    assert "Put 1 &lt;into&gt; &amp; under the box" in text
    assert "pick 1 &lt;/script&gt;" in text
    assert text.count('<span class="verdict">success</span>') == 2
    assert "ValueError: &lt;bad&gt;" in text


def test_loads_nothing_and_is_well_formed(tmp_path):
    text = page([run(tmp_path)])
    tree = parsed(text)
    assert len(tree.sources) == 3
    assert all(source.startswith("data:image/webp;base64,") for source in tree.sources)
    assert "script" not in tree.seen and "link" not in tree.seen
    assert not re.search(r"https?://|@import|url\(", text)


def test_runs_of_a_group_are_shown_side_by_side(tmp_path):
    runs = [
        run(tmp_path / f"{group}-{name}", name, group, successes)
        for group in ("words", "pictures")
        for name, successes in (("random", 0), ("oracle", 9))
    ]
    text = page(runs, "Tabletop")
    parsed(text)
    assert text.count('<section class="episode">') == 2 * 3
    assert text.count("<figure") == 2 * 2 * 3
    assert "Episodes: words" in text and "Episodes: pictures" in text
    first = text[text.index("<section") : text.index("</section>")]
    assert first.index("<b>random</b>") < first.index("<b>oracle</b>")
    assert first.count("Put 0") == 1


def test_several_tasks_have_a_line_each(tmp_path):
    text = page([run(tmp_path, tasks=("rotate", "rearrange"))])
    body = text[text.index("<tbody>") : text.index("</tbody>")]
    assert body.count("<tr>") == 3
    assert all(f"<td>{task}</td>" in body for task in ("all", "rotate", "rearrange"))


def test_a_run_without_clips_still_has_its_numbers(tmp_path):
    bare = run(tmp_path)
    text = page([Run("x", tmp_path / "elsewhere", bare.result, bare.episodes)])
    assert "Episodes" not in text and "90 %" in text


def measuring(bare: Run, **values: float) -> Run:
    """The same run in an environment that measures these, a little less in each episode."""
    episodes = [
        replace(e, metrics={name: v - e.episode / 100 for name, v in values.items()})
        for e in bare.episodes
    ]
    return replace(bare, result=result(episodes, EFFORT, provenance({"seed": 900_000})))


def test_what_an_environment_measures_stands_in_columns_of_its_own_with_intervals(tmp_path):
    walked = measuring(run(tmp_path), spl=0.84, soft_spl=0.9, ablated=1.0)
    text = page([walked])
    parsed(text)
    head = text[text.index("<thead>") : text.index("</thead>")]
    assert "<th>soft spl</th><th>spl</th>" in head and "ablated" not in head
    # Of the nine episodes that ended properly: 0.84 - 0.04 with a deviation of 0.0274.
    assert "<td>0.80 ± 0.02</td>" in text and "Metrics are means" in text
    assert "soft spl" not in page([run(tmp_path)]) and "Metrics are" not in page([run(tmp_path)])


def test_runs_that_measure_different_things_share_a_table(tmp_path):
    runs = [measuring(run(tmp_path, "a"), spl=0.5), measuring(run(tmp_path, "b"), far=2.0)]
    assert metric_names(runs) == ["far", "spl"]
    rows = [*metric_rows(runs)]
    assert rows == [("", "a", "–", "0.46 ± 0.02"), ("", "b", "1.96 ± 0.02", "–")]


def test_what_was_heard_plays_beside_the_clip_inside_the_page_or_from_the_runs_folder(tmp_path):
    heard = run(tmp_path / "runs" / "a b")
    picture = clips.encode([np.zeros((8, 12, 3), np.uint8)])
    for episode, samples in enumerate((1000, 2**19)):
        sound = sounds.encode([np.full((samples, 2), 3277, np.int16)])
        clips.keep(heard.folder, episode, clips.Clip(picture, sound))
    report.write(tmp_path / "runs" / "report.html", [heard])
    text = (tmp_path / "runs" / "report.html").read_text(encoding="utf-8")
    tree = parsed(text)
    assert tree.seen.count("audio") == 2 and text.count('<audio controls preload="none"') == 2
    short, long = (source for source in tree.sources if not source.startswith("data:image"))
    assert short.startswith("data:audio/wav;base64,UklGR") and len(text) < 200_000
    assert (tmp_path / "runs" / unquote(long)).samefile(heard.folder / "clips" / "000001.wav")


def test_is_written_whole(tmp_path):
    report.write(tmp_path / "report.html", [run(tmp_path)])
    assert (tmp_path / "report.html").read_text(encoding="utf-8").endswith("</html>\n")


def test_rows_for_a_terminal(tmp_path):
    row = ("words", "random", "90 %", "60 – 98 %", "1", "10")
    assert [*table_rows([run(tmp_path, group="words")])] == [row]
