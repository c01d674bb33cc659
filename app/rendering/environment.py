"""The one Jinja environment: strict about what is undefined, escaping everything, filters named."""

import secrets
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.assets import asset
from app.rendering import (
    addresses,
    attention,
    corpus,
    event,
    exemplar,
    facts,
    glossary,
    histogram,
    job,
    marks,
    markup,
    network,
    numbers,
    quoting,
    score,
    score_bar,
    score_layers,
    score_table,
    simulation,
    strip,
    times_tested,
    words,
)
from app.rendering.markup import QuickCode


class QuickEnvironment(Environment):
    code_generator_class = QuickCode
    escaped = staticmethod(markup.escaped)


environment: Final = QuickEnvironment(
    loader=FileSystemLoader(asset("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
    cache_size=-1,
)

environment.filters.update(
    number=numbers.number,
    count=numbers.count,
    percent=numbers.percent,
    exact=numbers.exact,
    significant=numbers.significant,
    size=numbers.size,
    duration=numbers.duration,
    moment=numbers.moment,
    digest=numbers.digest,
    score_bar=score_bar.score_bar,
    tall_bar=score_bar.tall_bar,
    metric_bar=score_bar.metric_bar,
    axis_start=score_bar.axis_start,
    by_judge=score_table.by_judge,
    score_value=score.score_value,
    why_no_interval=score.why_no_interval,
    cases_of=score.cases_of,
    luck_of=score.luck_of,
    r_or_none=score.r_or_none,
    level=score.level,
    verdicts=score.verdicts,
    dropped=score.dropped,
    tested=score.tested,
    times_tested=times_tested.times_tested,
    in_domain=score.in_domain,
    domains=score.domains,
    short_split=words.short_split,
    method_title=score.method_title,
    metric_title=score.metric_title,
    simulated=simulation.simulated,
    layer_scores=score_layers.layer_scores,
    r_by_bits=score_layers.r_by_bits,
    methods_by_bits=score_layers.methods_by_bits,
    change_of=score.change_of,
    strip=strip.strip,
    exemplar=exemplar.exemplar,
    visible=strip.visible,
    attention=attention.attention,
    histogram=histogram.histogram,
    distribution=marks.distribution,
    rank=marks.rank,
    measured=marks.measured,
    network=network.network,
    term=glossary.term,
    explained=glossary.explained,
    slug=glossary.slug,
    by_interval=words.by_interval,
    interval=words.interval,
    plain=words.plain,
    architecture=facts.architecture,
    fact=facts.fact,
    model_facts=facts.model_facts,
    provenance=facts.provenance,
    read_facts=corpus.read_facts,
    read_provenance=corpus.read_provenance,
    origin=corpus.origin,
    kind_title=job.kind_title,
    kind_term=job.kind_term,
    asked=job.asked,
    became=job.became,
    happened=event.happened,
    since_start=event.since_start,
    raw=event.raw,
    lines=words.lines,
    source=words.source,
    fact_name=words.fact_name,
    site_title=words.site_title,
    split_title=words.split_title,
    unit_noun=words.unit_noun,
    query=words.query,
    unbroken=quoting.unbroken,
    pages_of=addresses.ModelPages,
)
environment.globals.update(
    legend=network.legend,
    new_seed=lambda: secrets.randbelow(1_000_000),
    exemplars=environment.get_template("parts/exemplars.html").module,
    claims=environment.get_template("parts/explanations.html").module,
    programs=environment.get_template("parts/programs.html").module,
    run_choice=environment.get_template("parts/run_choice.html").module,
    progress=environment.get_template("parts/progress.html").module,
)
"""Macros are global, because a fragment is rendered without its page's imports."""
