-- Open callbacks by person, and contacts that are offered something instead of a line.

create index contact_callback on contact (person_id) where callback_to is not null and state <> 'ended';
create index contact_led on contact (line_at) where leads is not null and state = 'arriving';
