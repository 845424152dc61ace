import itertools

from hypothesis import given
from hypothesis import strategies as st

from codeintel.git.history_graph import Graph, NewCommit


@st.composite
def commit_lists(draw: st.DrawFn) -> list[NewCommit]:
    """Draw commits whose parents come before them."""
    commits = []
    for n in range(draw(st.integers(1, 30))):
        above = st.lists(st.integers(0, n - 1), unique=True, max_size=3) if n else st.just([])
        commits.append(NewCommit(tuple(draw(above)), draw(st.integers(0, 9)), draw(st.booleans())))
    return commits


def first_parents(commits: list[NewCommit], n: int) -> list[int]:
    way = [n]
    while commits[way[-1]].parents:
        way.append(commits[way[-1]].parents[0])
    return way


@given(commit_lists(), st.integers(0, 30))
def test_an_extended_graph_knows_first_parent_ancestors(commits: list[NewCommit], cut: int) -> None:
    graph = Graph.empty().extended(commits[:cut]).extended(commits[cut:])
    graph = Graph.from_bytes(graph.to_bytes())
    for n, commit in enumerate(commits):
        way = first_parents(commits, n)
        assert graph.parents(n) == commit.parents
        assert bool(graph.deletes[n]) == commit.deletes
        times = [commits[k].committed_s for k in way]
        assert graph.skews[n] == sum(b > a for a, b in itertools.pairwise(times))
        for other in range(len(commits)):
            inside = graph.enter[other] <= graph.enter[n] <= graph.leave[other]
            assert inside == (other in way)
