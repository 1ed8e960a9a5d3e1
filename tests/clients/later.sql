-- What comes after the clients were generated: they do not know this label, which has the number 4.
ALTER TYPE kinds.mood ADD VALUE 'restless' BEFORE 'content';
INSERT INTO kinds.samples (id, mood, moods) VALUES (19, 'restless', '{happy,restless,sad}');

-- Calls come with a token of this role; without one they are refused.
CREATE ROLE clerk;
CREATE ROLE authenticator LOGIN NOINHERIT;
GRANT clerk TO authenticator;
GRANT USAGE ON SCHEMA shop, kinds TO clerk;
GRANT ALL ON ALL TABLES IN SCHEMA shop, kinds TO clerk;
