select no_plan();

select is(telemetry.state_outcome(state), outcome, state)
from (
  values ('done', 'succeeded'), ('Completed', 'succeeded'), ('failed', 'failed'), ('Timed out', 'failed'),
    ('timed-out', 'failed'), ('canceled', 'cancelled'), ('Won''t do', 'cancelled'), ('in_progress', null), ('', null)
) as s (state, outcome);
select is(telemetry.state_outcome(null), null, 'no state, no outcome');

select * from finish();
