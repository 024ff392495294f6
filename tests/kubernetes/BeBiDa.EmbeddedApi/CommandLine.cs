namespace BeBiDa.EmbeddedApi;

/// <summary>The embedded server as a program of its own.</summary>
internal static class CommandLine
{
    private const string Usage = """
        Usage: BeBiDa.EmbeddedApi [--port PORT] [--directory DIRECTORY]

        Serves a Kubernetes API on 127.0.0.1 until it is told to stop (SIGTERM, SIGINT). DIRECTORY gets the
        certificates and an admin kubeconfig, whose path is the one line on standard output.
        """;

    public static async Task<int> RunAsync(string[] args)
    {
        var options = new EmbeddedApiOptions();
        for (var i = 0; i < args.Length; i++)
        {
            switch (args[i])
            {
                case "--port" when i + 1 < args.Length && int.TryParse(args[i + 1], out var port):
                    options = options with { Port = port };
                    i++;
                    break;
                case "--directory" when i + 1 < args.Length:
                    options = options with { Directory = args[++i] };
                    break;
                case "--help" or "-h":
                    Console.WriteLine(Usage);
                    return 0;
                default:
                    Console.Error.WriteLine($"unknown argument: {args[i]}\n\n{Usage}");
                    return 2;
            }
        }

        var stop = new TaskCompletionSource();
        using var terminate = System.Runtime.InteropServices.PosixSignalRegistration.Create(System.Runtime.InteropServices.PosixSignal.SIGTERM, signal => { signal.Cancel = true; stop.TrySetResult(); });
        using var interrupt = System.Runtime.InteropServices.PosixSignalRegistration.Create(System.Runtime.InteropServices.PosixSignal.SIGINT, signal => { signal.Cancel = true; stop.TrySetResult(); });
        await using var server = await EmbeddedApiServer.StartAsync(options);
        Console.WriteLine(server.AdminKubeconfig);
        await stop.Task;
        return 0;
    }
}
