import json, time
def test_smoke(dsn):
    import psycopg
    c = psycopg.connect(dsn, autocommit=True, prepare_threshold=None)
    c.execute("set role pylayer_agent")
    print(c.execute("select * from work.enqueue_task('a', '{\"x\":1}')").fetchall())
    print(c.execute("select * from work.enqueue_tasks(%s)", [json.dumps([{"task_name":"b","unique_key":"k"},{"task_name":"b","unique_key":"k"},{"task_name":"c","priority":0},{"task_name":"d","concurrency_key":"z"},{"task_name":"e","concurrency_key":"z"},{"task_name":"f","delay_seconds":0.2}])]).fetchall())
    r = c.execute("select * from work.claim_tasks('w', p_n => 10)").fetchall()
    print([(x[4], x[6], x[-1]) for x in r])

    d = next(x for x in r if x[4]=='d')
    for x in c.execute("select outcome, execution_id, task_name from work.complete_tasks(%s, 'w', p_n => 10)", [json.dumps([{"execution_id": x[0], "lease": str(x[1]), "output_data": {"ok":1}} for x in r])]): print(x)
    time.sleep(.3)
    print(c.execute("select * from work.sweep_tasks()").fetchall())
    r = c.execute("select * from work.claim_tasks('w', p_n => 10)").fetchall()
    print([(x[4], x[6], x[-1]) for x in r])
    print(c.execute("select * from work.fail_task(%s, %s, 'boom')", r[0][:2]).fetchall())
    print(c.execute("select * from work.list_tasks()").fetchall()[0])
    c.execute("reset role")
    print(c.execute("select item_id, payload from telemetry.workflow_events").fetchall())
