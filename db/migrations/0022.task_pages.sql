-- A task is written three times. Where its next version fits into the page that it stands on, less is logged and fewer pages
-- are touched; so half of each page is left for them (667 bytes of log for a claim and its completion, not 1,000).

alter table work.task_executions set (fillfactor = 50);
