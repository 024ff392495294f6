using BeBiDa.EmbeddedApi;

return await CommandLine.RunAsync(args);
