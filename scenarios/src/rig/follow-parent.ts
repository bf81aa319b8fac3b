/** Preloaded into each process of a scenario: it ends at once when the run that started it is gone. */
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
process.channel?.unref();
