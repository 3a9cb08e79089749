-- Keeps what full-text search reads equal to what comments say.
--
-- Tables: work.item_texts (inserted, updated, deleted).
create or replace function work.index_comment_text() returns trigger
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if new.deleted_at is null then
    insert into work.item_texts (item_id, comment_id, document)
    values (new.item_id, new.comment_id, setweight(to_tsvector('pg_catalog.english', new.body), 'C'))
    on conflict (item_id, comment_id) do update set document = excluded.document;
  else
    delete from work.item_texts as t where t.item_id = new.item_id and t.comment_id = new.comment_id;
  end if;
  return null;
end
$$;
comment on function work.index_comment_text() is 'Trigger function: full-text search reads what comments say';
alter function work.index_comment_text() owner to pylayer_api;
revoke all on function work.index_comment_text() from public;

create or replace trigger comments_text after insert or update on work.comments
for each row execute function work.index_comment_text();
