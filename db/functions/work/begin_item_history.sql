-- Begins the history of a new item.
--
-- Tables: work.item_transitions (inserted), which stores the event.
create or replace function work.begin_item_history() returns trigger
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  insert into work.item_transitions (item_id, seq, to_state, actor, run_id)
  values (new.item_id, 1, new.state, new.created_by, new.run_id);
  return null;
end
$$;
comment on function work.begin_item_history() is 'Trigger function: a new item has the first row of its history';
alter function work.begin_item_history() owner to pylayer_api;
revoke all on function work.begin_item_history() from public;

create or replace trigger items_history after insert on work.items
for each row execute function work.begin_item_history();
