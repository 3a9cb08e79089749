-- Items that are not removed, with who has them, since when they are in their state, and how much they wait for.
create or replace view work.v_items as
select
  i.item_id,
  i.item_type,
  i.project_id,
  i.title,
  i.state,
  i.priority,
  i.state_since,
  i.closed_at,
  u.username as assigned_user,
  i.assigned_agent_id,
  d.open_dependencies,
  i.created_at,
  i.updated_at,
  round(extract(epoch from clock_timestamp() - i.state_since), 3) as seconds_in_state
from work.items as i
left join iam.users as u on i.assigned_user_id = u.user_id
cross join
  lateral (
    select count(*) as open_dependencies
    from work.item_dependencies as w
    inner join work.items as o on w.depends_on_item_id = o.item_id
    where w.item_id = i.item_id and o.closed_at is null and o.deleted_at is null
  ) as d
where i.deleted_at is null;
comment on view work.v_items is 'Items that are not removed, with who has them, since when they are in their state, and how much they wait for';
comment on column work.v_items.item_id is 'Item';
comment on column work.v_items.item_type is 'story, bug, task, issue, pull_request, epic or a type of the team''s own';
comment on column work.v_items.project_id is 'Project';
comment on column work.v_items.title is 'Title';
comment on column work.v_items.state is 'State';
comment on column work.v_items.priority is '0 (drop everything) to 4 (some day)';
comment on column work.v_items.state_since is 'Since when it is in this state';
comment on column work.v_items.closed_at is 'Since when it is in a final state; null is open';
comment on column work.v_items.assigned_user is 'Name of the user who works on it';
comment on column work.v_items.assigned_agent_id is 'Agent that works on it';
comment on column work.v_items.open_dependencies is 'Items that it waits for and that are open';
comment on column work.v_items.created_at is 'When it was made';
comment on column work.v_items.updated_at is 'When it was last changed';
comment on column work.v_items.seconds_in_state is 'Time in this state so far, seconds';
alter view work.v_items owner to pylayer_owner;
grant select on work.v_items to pylayer_admin, pylayer_analyst, pylayer_auditor;
