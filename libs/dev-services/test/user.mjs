// A process of its own that uses a service: node user.mjs PATH-OF-INDEX NAME-OF-START OPTIONS. It says what it got, and stops at the end of its input.
const [index, start, options] = process.argv.slice(2);
try {
  const services = await import(index);
  const service = await services[start](JSON.parse(options));
  console.log(JSON.stringify(service));
  process.stdin.resume().once('end', async () => {
    await service.stop();
    process.exit(0);
  });
} catch (error) {
  console.log(JSON.stringify({ code: error.code, message: error.message }));
  process.exit(1);
}
