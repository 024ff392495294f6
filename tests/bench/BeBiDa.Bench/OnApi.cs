using System.Diagnostics;
using System.Globalization;
using BeBiDa.EmbeddedApi;
using BeBiDa.EmbeddedApi.Http;
using BeBiDa.Libraries.Tests;
using BeBiDa.Site;

namespace BeBiDa.Bench;

/// <summary>What a hand-over asks of the API server.</summary>
internal sealed class RequestEconomy : IMeasurement
{
    public string Name => "requests";

    public string Title => "Requests and bytes";

    // It alone counts.
    public ApiServerKind Server(Settings settings) => ApiServerKind.Embedded;

    public async Task RunAsync(Settings settings, Section section)
    {
        var (nodes, podsEach) = (settings.Of(100, 4), 10);
        // Without kubelets, and so with a grace of zero: all that is counted is who hands over.
        await using var cluster = await LentCluster.StartAsync(ApiServerKind.Embedded, nodes, kubelets: false);
        var server = (EmbeddedApiServer)cluster.Server;
        var counts = new List<(string Who, IReadOnlyList<RequestCount> Taken, IReadOnlyList<RequestCount> Given)>();
        cluster.StartLibrary("eviction:\n  gracePeriod: 0s\n");
        try
        {
            await InProcess.DecommissionAsync(1, cluster.Nodes);
            await InProcess.RecommissionAsync(1, cluster.Nodes);
            counts.Add(
                (
                    "BeBiDa",
                    await CountAsync(() => InProcess.DecommissionAsync(2, cluster.Nodes)),
                    await CountAsync(() => InProcess.RecommissionAsync(2, cluster.Nodes), pods: false)
                )
            );
        }
        finally
        {
            Library.Stop(5000);
        }
        var few = cluster.Nodes.Take(settings.Of(10, 2)).ToList();
        counts.Add(
            (
                "one kubectl",
                await CountAsync(
                    () =>
                        cluster.Kubectl.RunAsync([
                            "drain",
                            .. few,
                            "--force",
                            "--ignore-daemonsets",
                            "--delete-emptydir-data",
                            "--grace-period=0",
                        ]),
                    few
                ),
                await CountAsync(() => cluster.Kubectl.RunAsync(["uncordon", .. few]), few, pods: false)
            )
        );

        section.Text(
            $"Counted at the embedded server, for nodes with {podsEach} pods each. BeBiDa hands over a job of {nodes} nodes, including its Events. One `kubectl drain` and `uncordon` hands over {few.Count}, because its own rate limit would make {nodes} take minutes. All figures are per node; bytes are those of bodies, both ways. Pods and nodes of a real cluster are larger, which costs those who read them whole."
        );
        section.Table(
            ["a node's share", "requests to take it", "bytes", "requests to give it back", "bytes"],
            counts.Select(c =>
                (IReadOnlyList<string>)
                    [
                        c.Who,
                        Requests(c.Taken, Size(c.Who)),
                        Bytes(c.Taken, Size(c.Who)),
                        Requests(c.Given, Size(c.Who)),
                        Bytes(c.Given, Size(c.Who)),
                    ]
            )
        );
        section.Table(
            ["to take a node", .. counts.Select(c => c.Who)],
            counts
                .SelectMany(c => c.Taken)
                .Select(c => (c.Verb, c.Resource))
                .Distinct()
                .Select(kind =>
                    (IReadOnlyList<string>)
                        [
                            $"{kind.Verb} {kind.Resource}",
                            .. counts.Select(c => Kind(c.Taken.Where(t => (t.Verb, t.Resource) == kind).ToList(), Size(c.Who))),
                        ]
                )
        );
        var ratio = Sum(counts[0].Taken, "BeBiDa") / Sum(counts[1].Taken, "one kubectl");
        section.Claim("API requests to take a node", "fewer than kubectl", $"{Figures.Ratio(ratio)} times kubectl's", ratio < 1);

        int Size(string who) => who == "BeBiDa" ? nodes : few.Count;
        double Sum(IReadOnlyList<RequestCount> of, string who) => of.Sum(c => c.Requests) / (double)Size(who);
        string Kind(IReadOnlyList<RequestCount> of, int size) =>
            of.Count == 0
                ? "-"
                : $"{(of.Sum(c => c.Requests) / (double)size).ToString("0.##", CultureInfo.InvariantCulture)}, {Bytes(of, size)}";
        string Requests(IReadOnlyList<RequestCount> of, int size) =>
            (of.Sum(c => c.Requests) / (double)size).ToString("0.0", CultureInfo.InvariantCulture);
        string Bytes(IReadOnlyList<RequestCount> of, int size) => Figures.Bytes(of.Sum(c => c.BytesReceived + c.BytesSent) / (double)size);

        async Task<IReadOnlyList<RequestCount>> CountAsync(Func<Task> work, IReadOnlyList<string>? on = null, bool pods = true)
        {
            if (pods)
                await cluster.FillAsync(on ?? cluster.Nodes, podsEach, wait: false);
            server.ResetRequestCounts();
            await work();
            // Events follow behind.
            for (long before = -1, now; before != (now = server.RequestCounts.Sum(c => c.Requests)); before = now)
                await Task.Delay(300);
            return server.RequestCounts;
        }
    }
}

/// <summary>What other clients of the API server feel of a hand-over.</summary>
internal sealed class Neighbour : IMeasurement
{
    public string Name => "neighbour";

    public string Title => "A second client's requests during a hand-over";

    public async Task RunAsync(Settings settings, Section section)
    {
        var nodes = settings.Of(1000, 8);
        await using var cluster = await LentCluster.StartAsync(settings.Api, nodes);
        var isReal = settings.Api == ApiServerKind.Real;
        using var http = new HttpClient(
            new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } }
        );
        http.DefaultRequestHeaders.Authorization = new("Bearer", await cluster.MakeTokenAsync("neighbour"));
        var generator = new LoadGenerator(cluster);
        var rows = new List<(string What, double Took, Samples Latency)>();
        var job = 0;
        await IdleAsync();
        rows.Add(("nothing", 0, await IdleAsync()));
        // The embedded server has no flow control.
        if (isReal)
        {
            await BebidaAsync("BeBiDa, without `flow-control.yaml`", 64);
            await cluster.LimitRequestsAsync();
        }
        var byDefault = rows.Count;
        foreach (var atOnce in settings.Of<int[]>([64, 32, 8], [64]))
            await BebidaAsync($"BeBiDa, maxInFlight {atOnce}{(atOnce == 64 ? " (the default)" : "")}", atOnce);
        await HandOverAsync(
            "h2load, 32 at once",
            settings.Of(3, 1),
            async () =>
            {
                job++;
                var took = await generator.HoldAsync(job, cluster.Nodes);
                await generator.ReleaseAsync(job, cluster.Nodes);
                return took;
            }
        );

        section.Text(
            $"Another client reads a namespace every 5 ms, with its own service account and connection. "
                + $"Jobs take {nodes} empty nodes and give them back all the time. "
                + (
                    isReal
                        ? "A hand-over's requests have the priority levels of `packaging/kubernetes/flow-control.yaml`, but for one row. "
                            + "The client's are in `workload-low`."
                        : ""
                )
        );
        section.Table(
            ["meanwhile", "takes the nodes in", "p50", "p99", "p99, times idle"],
            rows.Select(r =>
                (IReadOnlyList<string>)
                    [
                        r.What,
                        r.Took > 0 ? Figures.Time(r.Took) : "-",
                        Figures.Time(r.Latency.Median),
                        Figures.Time(r.Latency.P99),
                        Figures.Ratio(r.Latency.P99 / rows[0].Latency.P99),
                    ]
            )
        );
        var found = rows[byDefault].Latency.P99 / rows[0].Latency.P99;
        section.Claim(
            $"a second client's p99 while {nodes} nodes are handed over",
            "under 2 times its idle p99",
            Figures.Ratio(found),
            found < 2,
            "API server, etcd, both clients and the kubelets share two processors, so any load shows. A smaller `kubernetes.maxInFlight` delays other clients less, see the table"
        );

        async Task BebidaAsync(string what, int atOnce)
        {
            cluster.StartLibrary($"  maxInFlight: {atOnce}\n");
            try
            {
                await HandOverAsync(
                    what,
                    settings.Of(3, 1),
                    async () =>
                    {
                        job++;
                        var took = await InProcess.DecommissionAsync(job, cluster.Nodes);
                        await InProcess.RecommissionAsync(job, cluster.Nodes);
                        return took;
                    }
                );
            }
            finally
            {
                Library.Stop(5000);
            }
        }

        async Task<Samples> IdleAsync() => await WhileAsync(Task.Delay(TimeSpan.FromSeconds(settings.Of(5, 1))));

        async Task HandOverAsync(string what, int times, Func<Task<double>> work)
        {
            var took = new Samples();
            await work();
            rows.Add(
                (
                    what,
                    0,
                    await WhileAsync(
                        Task.Run(async () =>
                        {
                            for (var i = 0; i < times; i++)
                                took.Add(await work());
                        })
                    )
                )
            );
            rows[^1] = rows[^1] with { Took = took.Median };
        }

        async Task<Samples> WhileAsync(Task work)
        {
            var samples = new Samples();
            while (!work.IsCompleted)
            {
                var began = Stopwatch.GetTimestamp();
                using var answer = await http.GetAsync(new Uri(cluster.Server.Url, "api/v1/namespaces/default"));
                answer.EnsureSuccessStatusCode();
                samples.Add(Stopwatch.GetElapsedTime(began).TotalSeconds);
                await Task.Delay(5);
            }
            await work;
            return samples;
        }
    }
}
