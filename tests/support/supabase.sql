-- A database laid out as Supabase lays them out: extensions in a schema of their own, which no search_path has, users and
-- files in others, row-level security, and a login role that has no rights but those of the roles that it may take on.

DO $$ BEGIN
  CREATE ROLE anon NOLOGIN;
  CREATE ROLE authenticated NOLOGIN;
  CREATE ROLE service_role NOLOGIN BYPASSRLS;
  CREATE ROLE authenticator LOGIN NOINHERIT;
  GRANT anon, authenticated, service_role TO authenticator;
EXCEPTION WHEN duplicate_object THEN
  NULL;  -- roles are of all databases
END $$;

CREATE SCHEMA extensions;
CREATE SCHEMA auth;
CREATE SCHEMA storage;
GRANT USAGE ON SCHEMA public, extensions, auth, storage TO anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON SEQUENCES TO anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES IN SCHEMA auth, storage GRANT ALL ON TABLES TO service_role;

CREATE EXTENSION "uuid-ossp" SCHEMA extensions;
CREATE EXTENSION pgcrypto SCHEMA extensions;
CREATE EXTENSION citext SCHEMA extensions;
CREATE EXTENSION hstore SCHEMA extensions;
CREATE EXTENSION ltree SCHEMA extensions;
CREATE EXTENSION isn SCHEMA extensions;
CREATE EXTENSION cube SCHEMA extensions;
CREATE EXTENSION seg SCHEMA extensions;
CREATE EXTENSION intarray SCHEMA extensions;
CREATE EXTENSION pg_trgm SCHEMA extensions;

CREATE FUNCTION auth.uid() RETURNS uuid STABLE LANGUAGE sql AS $$
  SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;

CREATE TABLE auth.users (
  id uuid PRIMARY KEY,
  email varchar(255),
  encrypted_password varchar(255),
  email_confirmed_at timestamptz,
  phone text UNIQUE,
  phone_confirmed_at timestamptz,
  confirmed_at timestamptz GENERATED ALWAYS AS (least(email_confirmed_at, phone_confirmed_at)) STORED,
  raw_app_meta_data jsonb,
  raw_user_meta_data jsonb,
  is_anonymous boolean NOT NULL DEFAULT false,
  created_at timestamptz DEFAULT now(),
  deleted_at timestamptz);
CREATE UNIQUE INDEX users_email_partial_key ON auth.users (email);
ALTER TABLE auth.users ENABLE ROW LEVEL SECURITY;

CREATE TABLE storage.buckets (id text PRIMARY KEY, name text NOT NULL UNIQUE, public boolean DEFAULT false);
CREATE TABLE storage.objects (
  id uuid PRIMARY KEY DEFAULT extensions.uuid_generate_v4(),
  bucket_id text REFERENCES storage.buckets,
  name text,
  owner uuid,
  metadata jsonb,
  path_tokens text[] GENERATED ALWAYS AS (string_to_array(name, '/')) STORED,
  created_at timestamptz DEFAULT now());
CREATE UNIQUE INDEX bucketid_objname ON storage.objects (bucket_id, name);
CREATE INDEX name_prefix_search ON storage.objects (name text_pattern_ops);
ALTER TABLE storage.objects ENABLE ROW LEVEL SECURITY;
INSERT INTO storage.buckets VALUES ('avatars', 'avatars', true), ('papers', 'papers', false);

CREATE DOMAIN public.email AS extensions.citext CHECK (VALUE ~ '@');
CREATE DOMAIN public.place AS extensions.ltree;
CREATE TYPE public.edition AS (isbn extensions.isbn13, title extensions.citext, shelf public.place);

-- A row for each user, which is for all to see and for its owner to change.
CREATE TABLE public.profiles (
  id uuid PRIMARY KEY REFERENCES auth.users ON DELETE CASCADE,
  handle extensions.citext NOT NULL UNIQUE,
  email public.email,
  settings extensions.hstore,
  groups extensions.ltree[]);
ALTER TABLE public.profiles ENABLE ROW LEVEL SECURITY;
CREATE POLICY "Profiles are viewable by everyone" ON public.profiles FOR SELECT USING (true);
CREATE POLICY "Users can change their own" ON public.profiles FOR UPDATE USING ((SELECT auth.uid()) = id);

-- Each type as a column, in arrays, and as a domain.
CREATE TABLE public.books (
  isbn extensions.isbn PRIMARY KEY,
  isbn13 extensions.isbn13,
  ean extensions.ean13,
  issn extensions.issn,
  upc extensions.upc,
  title extensions.citext NOT NULL,
  path extensions.ltree NOT NULL UNIQUE,
  query extensions.lquery,
  attrs extensions.hstore,
  box extensions.cube,
  span extensions.seg,
  contact public.email,
  shelf public.place,
  edition public.edition,
  scores integer[],
  titles extensions.citext[],
  isbns extensions.isbn[],
  paths extensions.ltree[],
  attr_list extensions.hstore[],
  boxes extensions.cube[],
  contacts public.email[],
  owner uuid DEFAULT extensions.uuid_generate_v4(),
  checksum bytea GENERATED ALWAYS AS (extensions.digest(title::text, 'sha256')) STORED,
  token text,
  slug text);
CREATE INDEX ON public.books USING gin (title extensions.gin_trgm_ops);
CREATE INDEX ON public.books USING gin (scores extensions.gin__int_ops);

-- What its trigger names is found by --search_path alone, also when the trigger is made.
SET check_function_bodies = off;
CREATE FUNCTION public.fill_book() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE word citext; BEGIN
  NEW.token := encode(gen_random_bytes(8), 'hex');
  word := replace(NEW.title::text, ' ', '-');
  NEW.slug := lower(word::text);
  RETURN NEW; END $$;
CREATE TRIGGER fill BEFORE INSERT OR UPDATE ON public.books FOR EACH ROW EXECUTE FUNCTION public.fill_book();

CREATE TABLE public.words (word extensions.citext PRIMARY KEY, rank integer);
CREATE TABLE public.nodes (path extensions.ltree, name extensions.citext, note text, PRIMARY KEY (path, name));
CREATE TABLE public.boxes (box extensions.cube PRIMARY KEY, note text);
CREATE TABLE public.settings (pairs extensions.hstore PRIMARY KEY, note text);
CREATE TABLE public.mailings (address public.email PRIMARY KEY, note text);
CREATE TABLE public.places (place public.place PRIMARY KEY, note text);
CREATE TABLE public.routes (stops extensions.ltree[] PRIMARY KEY, note text);
CREATE TABLE public.sightings (path extensions.ltree, attrs extensions.hstore, note extensions.citext);
CREATE VIEW public.catalogue AS SELECT isbn, title, path FROM public.books WHERE title <> ''::extensions.citext;
