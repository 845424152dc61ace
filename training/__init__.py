"""Makes the bundled embedding model; nothing here is needed to use it.

The steps of ``python -m training``, in the order in which they run: `packages` (download what is
pinned), `corpus` and `mining` (pairs of texts that belong together), `contamination` (nothing that
quality is measured on), `dataset` (token bags and vocabulary), `teacher` (starting vectors),
`train`, `export`, `evaluate`, `card` (docs/model.md). Every number of a run stands in `recipe`.
"""
