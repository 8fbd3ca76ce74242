export const HELP = `sojourn: looks into the sessions of a store, and puts them right

  sojourn ls URL                          sessions, one a line
  sojourn show URL ID|FINGERPRINT         one session: its times and data
  sojourn owners URL                      who has sessions, and how many
  sojourn stats URL                       how many, how large, how old, how long they still live
  sojourn revoke URL ID|FINGERPRINT ...   ends sessions
  sojourn revoke URL --owner OWNER        ends all sessions of an owner
  sojourn export URL ... --owner OWNER    a person's sessions as JSON
  sojourn erase URL ... --owner OWNER     ends a person's sessions in all these stores, until none is left
  sojourn prune URL                       drops what has expired
  sojourn copy FROM TO                    moves sessions to another store, also under traffic
  sojourn doctor https://my.app/          finds out why a cookie is not set or not sent back

URL is lmdb:PATH, redis://... (rediss://...), postgres://... or env:NAME, an environment variable that holds one of
these: every user of a machine can read the command lines of all processes.

  --prefix TEXT       what the store's option prefix says; default sess: for Redis, else nothing
  --table NAME        of Postgres; default session
  --owner-key PATH    where the data name the owner, as in user.id; default: the store's own index
  --seal-keys FILE    a key of the option seal on each line, to open sealed records
  --owner OWNER       only sessions of this owner
  --older AGE         only sessions made longer ago than this: 90s, 30m, 12h, 7d
  --json              one JSON document a line
  --ids               ids in place of fingerprints: who has an id has the session
  --secrets           values of keys that look like secrets, which are masked otherwise
  --help

copy: each session goes the way that the option migrateFrom takes it, and is removed in FROM once TO has it. First
start the application on TO with migrateFrom: FROM, then copy, then take migrateFrom out. Broken off, run it again.

  --to-prefix TEXT    --prefix and --table are those of FROM, these are those of TO
  --to-table NAME
  --hash-ids          TO has the option hashIds
  --create            make the file or the table of TO if it is missing
  --keep              leave the originals; only while no application writes to either store
  --verify            write nothing: compare each session of FROM with TO

doctor:

  --login PATH        also send a login form there, as a browser does
  --field NAME=VALUE  a field of that form; may be repeated. NAME=env:VAR takes the value from the environment
  --cookie NAME       the session's cookie; default connect.sid, or what looks like it
  --from ORIGIN       requests come from a page of this other origin
  --insecure          accept any certificate; NODE_EXTRA_CA_CERTS names further authorities

Exit codes: 0 done, nothing found amiss; 1 not all is well: nothing found, something left behind or different, a
fault of the cookie; 2 wrong usage; 3 a store or site that cannot be reached, or a package that is not installed;
130 broken off.
`
