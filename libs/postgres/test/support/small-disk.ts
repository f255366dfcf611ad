import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import type { OpenShop } from './shop.js';

/** Where tables of connections that are opened from now on have no room for more than some hundred rows. */
export interface SmallDisk {
  /** Makes room for all. */
  free(): Promise<void>;
  /** To be called when the database is gone. */
  remove(): Promise<void>;
}

/** True where this machine lets us mount a file system. */
export function canMount(): boolean {
  const place = mkdtempSync(join(tmpdir(), 'logfold-disk-'));
  try {
    mount('-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', place);
    execFileSync('umount', [place]);
    return true;
  } catch {
    return false; // not Linux, not root, or in a container that may not
  } finally {
    rmSync(place, { recursive: true });
  }
}

/** A tablespace on a file system of 256 kB. */
export async function mounted({ admin }: OpenShop): Promise<SmallDisk> {
  const [server] = await admin<{ data: string; database: string }[]>`
    SELECT current_setting('data_directory') AS data, current_database() AS database`;
  const { uid, gid } = statSync(server!.data);
  const place = mkdtempSync(join(tmpdir(), 'logfold-disk-'));
  mount('-t', 'tmpfs', '-o', `size=256k,mode=0700,uid=${uid},gid=${gid}`, 'tmpfs', place);
  const name = `small_${server!.database}`;
  await admin.unsafe(`CREATE TABLESPACE ${name} LOCATION '${place}'`);
  await admin.unsafe(`GRANT CREATE ON TABLESPACE ${name} TO logfold_owner`);
  await admin.unsafe(`ALTER DATABASE ${server!.database} SET default_tablespace = ${name}`);
  return {
    free: async () => mount('-o', 'remount,size=64m', place),
    async remove() {
      const sql = postgres(process.env['LOGFOLD_TEST_POSTGRES']!, { max: 1, onnotice: () => {} });
      try {
        await sql.unsafe(`DROP TABLESPACE ${name}`);
      } finally {
        await sql.end();
        execFileSync('umount', ['--lazy', place]);
        rmSync(place, { recursive: true });
      }
    },
  };
}

/** A server that says so of new tables after 300 rows: where nothing can be mounted. */
export async function claimed({ admin }: OpenShop): Promise<SmallDisk> {
  await admin.unsafe(`
    CREATE SEQUENCE public.written;
    CREATE FUNCTION public.write() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
      IF nextval('public.written') > 300 THEN
        RAISE 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
      END IF;
      RETURN NEW;
    END $$;
    CREATE FUNCTION public.watch() RETURNS event_trigger LANGUAGE plpgsql AS $$ DECLARE made record; BEGIN
      FOR made IN SELECT object_identity AS name FROM pg_event_trigger_ddl_commands() WHERE object_type = 'table' LOOP
        EXECUTE format('CREATE TRIGGER full_disk BEFORE INSERT ON %s FOR EACH ROW EXECUTE FUNCTION public.write()', made.name);
      END LOOP;
    END $$;
    CREATE EVENT TRIGGER full_disk ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION public.watch();`);
  return {
    free: async () => void (await admin.unsafe(`ALTER SEQUENCE public.written INCREMENT -1 MINVALUE -1000000`)),
    remove: async () => {},
  };
}

function mount(...flags: readonly string[]): void {
  execFileSync('mount', flags, { stdio: 'pipe' });
}
