-- Items whose title, description or comments hold words, the best match first.
--
-- Parameters:
--   p_query       words by the rules of English, as in a web search: "a phrase", or, -without; 1 to 1000 characters
--   p_project_id  project; null is any
--   p_item_type   type; null is any
--   p_limit       most rows, 1 to 200
-- Returns: one row an item: rank, greater is better, and a snippet of its best text with the words in ** **.
--          All words stand in one text: in title and description, or in one comment.
-- Errors:  PT400 invalid_query (no word to search for), invalid_limit.
-- Tables:  work.item_texts, work.items, work.comments (read).
create or replace function work.search_items(
  p_query text,
  p_project_id text default null,
  p_item_type text default null,
  p_limit integer default 20
) returns table (
  item_id text,
  project_id text,
  item_type text,
  title text,
  state text,
  closed_at timestamptz,
  comment_id text,
  rank double precision,
  snippet text
)
language plpgsql stable parallel safe security definer  -- definer on purpose: callers hold no right on the tables
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_query tsquery;
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 200);
  if (length(p_query) between 1 and 1000) is not true then
    raise exception using
      errcode = 'PT400', message = 'there is nothing to search for', constraint = 'invalid_query',
      detail = format('%s characters', length(p_query)), hint = 'give 1 to 1000 characters';
  end if;
  v_query := websearch_to_tsquery('pg_catalog.english', p_query);
  if querytree(v_query) in ('', 'T') then
    raise exception using
      errcode = 'PT400', message = 'the query has no word to search for', constraint = 'invalid_query',
      detail = left(p_query, 200), hint = 'words such as "and" or "the" are not searched, nor are only excluded ones';
  end if;
  return query
  select
    b.item_id, b.project_id, b.item_type, b.title, b.state, b.closed_at, b.comment_id, b.rank,
    ts_headline(
      'pg_catalog.english',
      coalesce(c.body, concat_ws(E'\n', b.title, b.description)), v_query,
      'StartSel=**, StopSel=**, MaxFragments=1, MaxWords=20, MinWords=5'
    )
  from (
    select f.* from (
      select distinct on (i.item_id)
        i.item_id, i.project_id, i.item_type, i.title, i.description, i.state, i.closed_at, t.comment_id::text,
        ts_rank(t.document, v_query)::double precision as rank
      from work.item_texts as t
      inner join work.items as i on i.item_id = t.item_id
      where t.document @@ v_query
        and i.deleted_at is null
        and (p_project_id is null or i.project_id = p_project_id)
        and (p_item_type is null or i.item_type = p_item_type)
      order by i.item_id, ts_rank(t.document, v_query) desc, t.comment_id nulls first
    ) as f
    order by f.rank desc, f.item_id
    limit p_limit
  ) as b
  left join work.comments as c on c.comment_id = b.comment_id
  order by b.rank desc, b.item_id;
end
$$;
comment on function work.search_items(text, text, text, integer) is
'Items whose title, description or comments hold words, the best match first. Errors: PT400 invalid_query, invalid_limit';
alter function work.search_items(text, text, text, integer) owner to pylayer_api;
revoke all on function work.search_items(text, text, text, integer) from public;
grant execute on function work.search_items(text, text, text, integer) to pylayer_agent, pylayer_analyst, pylayer_auditor;
