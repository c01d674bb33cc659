"""What a sweep knows about a unit: statistics, exemplars, output side, relatives.

All rows are keyed by run first: a second sweep never overwrites the numbers of the first.
"""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.store.tables.base import Base, Json, Packed

SORTED = ("density", "maximum", "kurtosis")


class UnitStatisticsTable(Base):
    """One row per unit and split. Numbers are over finite activations at counted positions.

    Columns that tables are sorted or filtered by without an index come first: SQLite finds a column
    by going over those before it, and such a table reads all rows of the site.
    """

    __tablename__ = "unit_statistics"
    __table_args__ = (
        *(
            Index(f"ix_unit_statistics_{name}", "run_id", "site_id", "split", name, "unit_index")
            for name in SORTED
        ),
        {"sqlite_with_rowid": False},
    )

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    site_id: Mapped[int] = mapped_column(
        ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True
    )
    split: Mapped[str] = mapped_column(primary_key=True)
    unit_index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    above: Mapped[float | None]
    """Share of positions with a > the run's threshold."""
    mean: Mapped[float | None]
    variance: Mapped[float | None]
    """Population variance (divided by n)."""
    skewness: Mapped[float | None]
    minimum: Mapped[float | None]
    maximum: Mapped[float | None]
    n_nonfinite: Mapped[int] = mapped_column(BigInteger)
    density: Mapped[float | None]
    """Share of positions with a > 0."""
    kurtosis: Mapped[float | None]
    """Pearson's (a Gaussian has 3); NULL where the activation is constant."""
    n_windows: Mapped[int]
    n_positions: Mapped[int] = mapped_column(BigInteger)
    """Finite activations counted."""


class UnitHistogramTable(Base):
    """One for each row of statistics, apart from them: sorting by a column without an index reads
    through all statistics of a site, which takes twice as long with histograms in between.
    """

    __tablename__ = "unit_histograms"
    __table_args__ = ({"sqlite_with_rowid": False},)

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    site_id: Mapped[int] = mapped_column(
        ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True
    )
    split: Mapped[str] = mapped_column(primary_key=True)
    unit_index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    histogram: Mapped[bytes] = mapped_column(Packed)
    """Counts of the run's sign-log bins (run.parameters['histogram']): `pack_histograms`."""


class ExemplarTable(Base):
    """All kept windows of one unit in one split, in one row: what a page shows is read at once, and
    so many small rows would cost a sweep more than the windows in them.

    The packed columns run over the windows: the highest (best first), the lowest (best first),
    those drawn from each interval of the window maximum (intervals rising), those drawn from all.
    """

    __tablename__ = "exemplars"

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    site_id: Mapped[int] = mapped_column(
        ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True
    )
    unit_index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    split: Mapped[str] = mapped_column(primary_key=True)
    groups: Mapped[bytes] = mapped_column(Packed)
    """uint8 [n]: `packing.TOP`, `BOTTOM`, `RANDOM`, or `FIRST_INTERVAL` + the interval."""
    edges: Mapped[bytes] = mapped_column(Packed)
    """float32 [intervals - 1]: inner boundaries of the window maximum, rising."""
    counts: Mapped[bytes] = mapped_column(Packed)
    """uint32 [intervals]: windows of the split in each interval; kept / count is the sampling
    share. Empty, as `edges`, where nothing is drawn from intervals."""
    windows: Mapped[bytes] = mapped_column(Packed)
    """uint32 [n]: window numbers."""
    peaks: Mapped[bytes] = mapped_column(Packed)
    """float32 [n]: the window's maximum (minimum for the lowest), before rounding to float16."""
    peak_positions: Mapped[bytes] = mapped_column(Packed)
    """uint16 [n]"""
    activations: Mapped[bytes] = mapped_column(Packed)
    """float16 [n, window_length]; positions past a window's end are NaN."""


class AttentionPatternTable(Base):
    """For heads: at each position of an exemplar, the few tokens it reads most."""

    __tablename__ = "attention_patterns"

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    site_id: Mapped[int] = mapped_column(
        ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True
    )
    unit_index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    split: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    n_sources: Mapped[int]
    sources: Mapped[bytes] = mapped_column(Packed)
    """uint16 [n, window_length, n_sources]: source positions, strongest first."""
    weights: Mapped[bytes] = mapped_column(Packed)
    """float16 [n, window_length, n_sources]: attention probabilities; their sum shows the rest."""


class OutputSideTable(Base):
    """What a neuron writes: tokens whose logits its output vector moves most, from weights."""

    __tablename__ = "output_sides"
    __table_args__ = ({"sqlite_with_rowid": False},)

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    site_id: Mapped[int] = mapped_column(
        ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True
    )
    unit_index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    norm: Mapped[float]
    """L2 norm of the unit's output vector."""
    tokens: Mapped[bytes] = mapped_column(Packed)
    """uint32 [4 * n]: promoted (highest first) and suppressed (lowest first) by logit, then both
    by z-score."""
    logits: Mapped[bytes] = mapped_column(Packed)
    """float32 [4 * n]: centred logits per unit of activation, at the run's scale."""
    z_scores: Mapped[bytes] = mapped_column(Packed)
    """float32 [4 * n]: against random directions of the same norm."""


class UnitTokensTable(Base):
    """What a unit is found by in search: the tokens that it peaks at, and those that it writes."""

    __tablename__ = "unit_tokens"
    __table_args__ = (
        UniqueConstraint("run_id", "site_id", "unit_index"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    """The sweep."""
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id", ondelete="CASCADE"))
    unit_index: Mapped[int]
    search_key: Mapped[int] = mapped_column(BigInteger)
    """Its row in the search index, as of explanations; first those that peak at few tokens."""
    peaks: Mapped[list[str]] = mapped_column(Json)
    """Different tokens at the peaks of its top exemplars in the fit split, most frequent first."""
    promoted: Mapped[list[str]] = mapped_column(Json)
    suppressed: Mapped[list[str]] = mapped_column(Json)


class RelatedUnitTable(Base):
    __tablename__ = "related_units"
    __table_args__ = (
        CheckConstraint("method IN ('output', 'activity')", name="method"),
        {"sqlite_with_rowid": False},
    )

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    site_id: Mapped[int] = mapped_column(
        ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True
    )
    unit_index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    method: Mapped[str] = mapped_column(primary_key=True)
    """output: cosine of output vectors; activity: Pearson r over the fit pool's tokens."""
    sites: Mapped[bytes] = mapped_column(Packed)
    """uint32 [n] site ids"""
    indices: Mapped[bytes] = mapped_column(Packed)
    """uint32 [n]"""
    values: Mapped[bytes] = mapped_column(Packed)
    """float32 [n], largest magnitude first"""
    test_values: Mapped[bytes | None] = mapped_column(Packed)
    """activity: float32 [n], r over the test pool's tokens, NaN where undefined; NULL without."""


class SiteSummaryTable(Base):
    """How one statistic is distributed over the units of a site: one row of the map.

    Keyed by statistic first, because a map reads one statistic of all sites.
    """

    __tablename__ = "site_summaries"
    __table_args__ = ({"sqlite_with_rowid": False},)

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    statistic: Mapped[str] = mapped_column(primary_key=True)
    """density, above, mean, variance, skewness, kurtosis, minimum, maximum"""
    split: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(
        ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True
    )
    n_units: Mapped[int]
    """Units with a defined value."""
    n_undefined: Mapped[int]
    n_dead: Mapped[int]
    n_flagged: Mapped[int]
    edges: Mapped[bytes] = mapped_column(Packed)
    """float32 [bins + 1]: the same for every site of the run, so that rows compare."""
    counts: Mapped[bytes] = mapped_column(Packed)
    """uint32 [bins]"""
    quantiles: Mapped[bytes] = mapped_column(Packed)
    """float32 [101]: percentiles 0 to 100."""
