/** Preloaded into each process of a local run: it stops when the run that started it is gone. */
process.on("disconnect", () => process.kill(process.pid, "SIGTERM"));
process.channel?.unref();
