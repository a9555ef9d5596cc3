throw new Error("TABLE is not set");
