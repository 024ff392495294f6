using System.Globalization;
using System.Text.RegularExpressions;
using BeBiDa.Lab;
using CliWrap;
using CliWrap.Buffered;

namespace BeBiDa.Bench;

/// <summary>h2load, the load generator of nghttp2: the same requests as a hand-over's, with nothing behind them.</summary>
/// <remarks>It sends one body for all requests of a run, so the bodies of applies are without the node's name and uid.</remarks>
internal sealed partial class LoadGenerator(LentCluster cluster)
{
    private const int AtOnce = 32;

    /// <summary>Holds nodes as the library does.</summary>
    /// <returns>The seconds that it took, without its connecting.</returns>
    public Task<double> HoldAsync(int job, IReadOnlyList<string> nodes) =>
        ApplyAsync(
            job,
            nodes,
            $$$"""
            {"apiVersion":"v1","kind":"Node","metadata":{"annotations":{"hold.bebida.io/bench.{{{job}}}":"2026-01-02T03:04:05Z"},"labels":{"bebida.io/owner":"slurm"}},"spec":{"unschedulable":true}}
            """
        );

    /// <summary>Releases them.</summary>
    /// <inheritdoc cref="HoldAsync"/>
    public Task<double> ReleaseAsync(int job, IReadOnlyList<string> nodes) =>
        ApplyAsync(job, nodes, """{"apiVersion":"v1","kind":"Node","metadata":{}}""");

    /// <summary>Evicts pods.</summary>
    /// <inheritdoc cref="HoldAsync"/>
    public async Task<double> EvictAsync(IReadOnlyList<(string Space, string Name)> pods)
    {
        var took = 0.0;
        foreach (var name in pods.GroupBy(p => p.Name))
            took += await RunAsync(
                "POST",
                [.. name.Select(p => $"api/v1/namespaces/{p.Space}/pods/{p.Name}/eviction")],
                $$$"""{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"{{{name.Key}}}"},"deleteOptions":{"apiVersion":"v1","kind":"DeleteOptions","gracePeriodSeconds":5}}""",
                "application/json",
                "application/json"
            );
        return took;
    }

    private Task<double> ApplyAsync(int job, IReadOnlyList<string> nodes, string body) =>
        RunAsync(
            "PATCH",
            [.. nodes.Select(n => $"api/v1/nodes/{n}?fieldManager=bebida%2Fbench%2F{job}&force=true")],
            body,
            "application/apply-patch+yaml",
            "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
        );

    private async Task<double> RunAsync(string method, IReadOnlyList<string> paths, string body, string type, string accept)
    {
        var (urls, data) = (Path.Combine(cluster.Directory, "urls"), Path.Combine(cluster.Directory, "body"));
        await File.WriteAllLinesAsync(urls, paths.Select(p => new Uri(cluster.Server.Url, p).AbsoluteUri));
        await File.WriteAllTextAsync(data, body);
        var result = await Cli.Wrap("h2load")
            .WithArguments([
                "-c1",
                "-t1",
                $"-m{AtOnce}",
                $"-n{paths.Count}",
                "-i",
                urls,
                "-d",
                data,
                "-H",
                $":method: {method}",
                "-H",
                $"content-type: {type}",
                "-H",
                $"accept: {accept}",
                "-H",
                $"authorization: Bearer {cluster.Token}",
            ])
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync();
        var output = result.StandardOutput;
        if (Number(Good(), output) != paths.Count)
            throw new LabException(
                $"h2load {method} {paths[0]}: not all of {paths.Count} requests were answered with success: {output}{result.StandardError}"
            );
        // One client's, so the least, the greatest and the mean are the same. The library is connected before a job comes.
        return Seconds(Finished(), output) - Seconds(Connect(), output);
    }

    private static double Number(Regex pattern, string output) =>
        pattern.Match(output) is { Success: true } found ? double.Parse(found.Groups[1].Value, CultureInfo.InvariantCulture) : -1;

    private static double Seconds(Regex pattern, string output) =>
        Number(pattern, output)
        * pattern.Match(output).Groups[2].Value switch
        {
            "us" => 1e-6,
            "ms" => 1e-3,
            _ => 1,
        };

    [GeneratedRegex(@"status codes: (\d+) 2xx")]
    private static partial Regex Good();

    [GeneratedRegex(@"finished in ([\d.]+)(us|ms|s)")]
    private static partial Regex Finished();

    [GeneratedRegex(@"time for connect: +([\d.]+)(us|ms|s)")]
    private static partial Regex Connect();
}
