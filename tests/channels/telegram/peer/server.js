// Starts telegram-test-api on the port given; says "ready" once it listens.
"use strict";
const TelegramServer = require("telegram-test-api");

const server = new TelegramServer({ host: "127.0.0.1", port: Number(process.argv[2]), storage: "RAM" });
server.start().then(
  () => console.log("ready"),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
process.stdin.on("end", () => process.exit(0)).resume(); // ends with the test that started it
