using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;

namespace BeBiDa.EmbeddedApi;

/// <summary>The embedded server as a program of its own.</summary>
internal static class CommandLine
{
    private const string Usage = """
        Usage: BeBiDa.EmbeddedApi [--address ADDRESS] [--port PORT] [--directory DIRECTORY]
                                  [--identity USER[=GROUP,...]]... [--real [--all-plugins] | --control PORT]

        Serves a Kubernetes API on ADDRESS (127.0.0.1) until it is told to stop (SIGTERM, SIGINT). DIRECTORY gets the
        certificates, an admin kubeconfig, whose path is the first line on standard output, and before it one for each
        --identity: USER.kubeconfig, where whatever is not a letter, digit, dot or hyphen is written as _.

        With --real it is a real etcd and kube-apiserver, of the binaries in KUBEBUILDER_ASSETS. --all-plugins leaves
        the API server those of its default admission plugins that need kube-controller-manager beside it.

        With --control, scripts bring about faults by plain HTTP on that port; 0 takes a free one, and the second
        line tells its address:
          curl -d '{"kind":"refuse","statusCode":429,"retryAfter":2,"verb":"patch","resource":"nodes"}' URL/faults
          curl -d '{"kind":"latency","delay":"00:00:01","jitter":"00:00:00.5"}' URL/faults
          curl -d '{"kind":"hang"}' URL/faults         also: drop, dropAnswer; times, probability, seed, path, userAgent
          curl -X DELETE URL/faults/1                  one fault, by the number that adding it told
          curl -X DELETE URL/faults                    all of them
          curl -X PUT URL/expired-certificate          (DELETE: the valid one again)
          curl -X POST URL/stop                        (start: same port, same objects)
          curl -X POST URL/compact                     watches from before are told 410
          curl URL/requests                            counts by verb and resource (DELETE: from zero again)
        """;

    public static async Task<int> RunAsync(string[] args)
    {
        var options = new EmbeddedApiOptions();
        var identities = new List<(string User, string[] Groups)>();
        var real = false;
        var allPlugins = false;
        int? control = null;
        for (var i = 0; i < args.Length; i++)
        {
            switch (args[i])
            {
                case "--address" when i + 1 < args.Length && IPAddress.TryParse(args[i + 1], out var address):
                    options = options with { Address = address };
                    i++;
                    break;
                case "--port" when TryPort(args, i + 1, out var port):
                    options = options with { Port = port };
                    i++;
                    break;
                case "--control" when !real && TryPort(args, i + 1, out var port):
                    control = port;
                    i++;
                    break;
                case "--directory" when i + 1 < args.Length:
                    options = options with { Directory = args[++i] };
                    break;
                case "--identity" when i + 1 < args.Length:
                    identities.Add(Identity(args[++i]));
                    break;
                case "--real" when control is null:
                    real = true;
                    break;
                case "--all-plugins" when real:
                    allPlugins = true;
                    break;
                case "--help" or "-h":
                    Console.WriteLine(Usage);
                    return 0;
                default:
                    await Console.Error.WriteLineAsync($"not understood: {args[i]}\n\n{Usage}");
                    return 2;
            }
        }

        var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.TrySetResult();
        }

        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        await using IApiServer server = real
            ? await RealApiServer.StartAsync(
                address: options.Address,
                port: options.Port,
                directory: options.Directory,
                allPlugins: allPlugins
            )
            : await EmbeddedApiServer.StartAsync(options);
        await using var endpoint = control is { } at ? await ControlEndpoint.StartAsync((EmbeddedApiServer)server, at) : null;
        foreach (var (user, groups) in identities)
            server.WriteKubeconfig(user, groups);
        Console.WriteLine(server.AdminKubeconfig);
        if (endpoint is not null)
            Console.WriteLine(endpoint.Url);
        await stop.Task;
        return 0;
    }

    private static (string User, string[] Groups) Identity(string word)
    {
        var at = word.IndexOf('=', StringComparison.Ordinal);
        return at < 0 ? (word, []) : (word[..at], word[(at + 1)..].Split(',', StringSplitOptions.RemoveEmptyEntries));
    }

    private static bool TryPort(string[] args, int at, out int port)
    {
        port = 0;
        return at < args.Length && int.TryParse(args[at], NumberStyles.None, CultureInfo.InvariantCulture, out port) && port <= 65535;
    }
}
