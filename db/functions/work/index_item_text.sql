-- Keeps what full-text search reads equal to what items say.
--
-- Tables: work.item_texts (inserted, updated).
create or replace function work.index_item_text() returns trigger
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  insert into work.item_texts (item_id, document)
  values (
    new.item_id,
    setweight(to_tsvector('pg_catalog.english', new.title), 'A')
    || setweight(to_tsvector('pg_catalog.english', coalesce(new.description, '')), 'B')
  )
  on conflict (item_id, comment_id) do update set document = excluded.document;
  return null;
end
$$;
comment on function work.index_item_text() is 'Trigger function: full-text search reads what items say';
alter function work.index_item_text() owner to pylayer_api;
revoke all on function work.index_item_text() from public;

create or replace trigger items_text after insert on work.items
for each row execute function work.index_item_text();
create or replace trigger items_text_changed after update on work.items
for each row when ((new.title, new.description) is distinct from (old.title, old.description))
execute function work.index_item_text();
