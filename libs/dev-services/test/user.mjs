// A process of its own that uses a Postgres: node user.mjs PATH-OF-INDEX OPTIONS. It says what it got, and stops at the end of its input.
const [index, options] = process.argv.slice(2);
try {
  const { startPostgres } = await import(index);
  const postgres = await startPostgres(JSON.parse(options));
  console.log(JSON.stringify(postgres));
  process.stdin.resume().once('end', async () => {
    await postgres.stop();
    process.exit(0);
  });
} catch (error) {
  console.log(JSON.stringify({ code: error.code, message: error.message }));
  process.exit(1);
}
