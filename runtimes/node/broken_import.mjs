import "./no-such-module.mjs"; export const handler = () => 1;
