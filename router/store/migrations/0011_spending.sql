-- Which queue's calls the money went to, without asking each call's contact.

alter table call_cost add column queue_id uuid references queue;
update call_cost k set queue_id = c.queue_id from contact c where c.id = k.contact_id;
