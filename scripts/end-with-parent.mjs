// Loaded into an application that a script of this folder runs: asks it to end when the script is gone, even by kill -9.
// Otherwise it would go on unseen, and hold its port against the next start.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
process.channel?.unref(); // an application that is done may end
