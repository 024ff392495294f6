using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using BeBiDa.EmbeddedApi;
using BeBiDa.EmbeddedApi.Real;

namespace BeBiDa.Site.Tests;

/// <summary>Debian's prometheus, which asks Debian's prometheus-node-exporter, which reads textfiles: all of it real, on loopback.</summary>
internal sealed class PrometheusServer : IAsyncDisposable
{
    private static readonly TimeSpan Patience = Eventually.Patience;

    private readonly HttpClient client;
    private readonly BoundProcess exporter,
        prometheus;

    private PrometheusServer(int port, BoundProcess exporter, BoundProcess prometheus)
    {
        (this.exporter, this.prometheus) = (exporter, prometheus);
        client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}/") };
    }

    /// <summary>Whether this host has both.</summary>
    public static bool IsInstalled => File.Exists("/usr/bin/prometheus") && File.Exists("/usr/bin/prometheus-node-exporter");

    /// <summary>Starts both; returns when the first scrape has succeeded.</summary>
    /// <param name="folder">A folder of its own.</param>
    /// <param name="textfiles">Where the textfiles are.</param>
    /// <param name="rules">A file of rules.</param>
    public static async Task<PrometheusServer> StartAsync(string folder, string textfiles, string rules)
    {
        using var asked = new ReservedPort(IPAddress.Loopback);
        using var asks = new ReservedPort(IPAddress.Loopback);
        await File.WriteAllTextAsync(
            Path.Combine(folder, "prometheus.yml"),
            $$"""
            global: {scrape_interval: 1s, evaluation_interval: 1s}
            rule_files: ["{{rules}}"]
            scrape_configs:
              - job_name: node
                static_configs: [{targets: ["127.0.0.1:{{asked.Number}}"]}]
            """
        );
        var exporter = new BoundProcess(
            "/usr/bin/prometheus-node-exporter",
            Path.Combine(folder, "exporter.log"),
            "--collector.disable-defaults",
            "--collector.textfile",
            $"--collector.textfile.directory={textfiles}",
            $"--web.listen-address=127.0.0.1:{asked.Number}"
        );
        var prometheus = new BoundProcess(
            "/usr/bin/prometheus",
            Path.Combine(folder, "prometheus.log"),
            $"--config.file={folder}/prometheus.yml",
            $"--storage.tsdb.path={folder}/data",
            $"--web.listen-address=127.0.0.1:{asks.Number}"
        );
        var server = new PrometheusServer(asks.Number, exporter, prometheus);
        await Eventually.HoldsAsync(
            "Prometheus reads the textfile collector",
            Patience,
            async cancel => await server.ValueAsync("sum(up)", cancel) == 1,
            explain: () => $"{prometheus.LastLines()}\n{exporter.LastLines()}"
        );
        return server;
    }

    /// <summary>An instant query's values, without those that are no number.</summary>
    public async Task<IReadOnlyList<double>> QueryAsync(string expression, CancellationToken cancellationToken = default)
    {
        using var answer = await client.GetAsync($"api/v1/query?query={Uri.EscapeDataString(expression)}", cancellationToken);
        // Until it has read its storage it answers so, in plain text.
        if (answer.StatusCode == HttpStatusCode.ServiceUnavailable)
            answer.EnsureSuccessStatusCode();
        var json = await answer.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
        if (json.GetProperty("status").GetString() != "success")
            throw new LabException($"{expression}: {json.GetProperty("error").GetString()}");
        return
        [
            .. json.GetProperty("data")
                .GetProperty("result")
                .EnumerateArray()
                .Select(r => double.Parse(r.GetProperty("value")[1].GetString()!, System.Globalization.CultureInfo.InvariantCulture))
                .Where(v => !double.IsNaN(v)),
        ];
    }

    /// <summary>The rules that Prometheus evaluates, with what is wrong with each; empty when nothing is.</summary>
    public async Task<IReadOnlyList<(string Name, string Health, string Problem)>> RulesAsync(CancellationToken cancellationToken)
    {
        var json = await client.GetFromJsonAsync<JsonElement>("api/v1/rules", cancellationToken);
        return
        [
            .. json.GetProperty("data")
                .GetProperty("groups")
                .EnumerateArray()
                .SelectMany(g => g.GetProperty("rules").EnumerateArray())
                .Select(r =>
                    (
                        r.GetProperty("name").GetString()!,
                        r.GetProperty("health").GetString()!,
                        r.TryGetProperty("lastError", out var e) ? e.GetString()! : ""
                    )
                ),
        ];
    }

    /// <summary>The sum of a query's values; null while there is none, or no answer.</summary>
    public async Task<double?> ValueAsync(string expression, CancellationToken cancellationToken = default)
    {
        try
        {
            return await QueryAsync(expression, cancellationToken) is { Count: > 0 } values ? values.Sum() : null;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await prometheus.DisposeAsync();
        await exporter.DisposeAsync();
    }
}
