select no_plan();

select results_eq(
  $$select m from unnest(array['application/json', 'application/json; charset=utf-8', 'Text/JSON', 'application/ld+json',
    'application/jsonl', 'application/x-ndjson', 'text/plain', 'text/plain; x=application/json', 'application/json5']) as m
    where work.is_json_mime(m)$$,
  $$values ('application/json'), ('application/json; charset=utf-8'), ('Text/JSON'), ('application/ld+json')$$,
  'one JSON document, by mime type'
);

select * from finish();
