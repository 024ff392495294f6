using BeBiDa.Libraries.Tests;
using BeBiDa.Site;

namespace BeBiDa.Bench;

/// <summary>Jobs of one node up to a thousand, with pods: by the library, by scripts, by one kubectl, and by a load generator.</summary>
internal sealed class Sizes : IMeasurement
{
    private const string WhyEmpty =
        "BeBiDa writes holds and then lists; the load generator only writes holds. The rest is the API server's time";
    private const string WhyBack =
        "a release is one apply, as h2load's. But an API server on the same two processors also writes each node's Event (`kubernetes.events`)";
    private const string WhyPods =
        "an eviction waits in the API server, which also uses most of the processor time (see where the time goes)";

    public string Name => "sizes";

    public string Title => "Jobs of 1 to 1,000 nodes";

    public async Task RunAsync(Settings settings, Section section)
    {
        var sizes = settings.Of(settings.Nodes, [1, 4]);
        var podsEach = settings.Of(settings.PodsEach, [0, 2]);
        await using var cluster = await LentCluster.StartAsync(settings.Api, sizes[^1]);
        cluster.StartLibrary();
        try
        {
            Peer[] peers = [new Ours(cluster), new Generated(cluster), new OneKubectl(cluster), new Scripted(cluster)];
            var results = new Dictionary<(Peer Peer, int Pods, int Nodes), Result>();
            var job = 0;
            // What is compiled, connected and cached at the first time is so for all.
            foreach (var peer in peers)
                await peer.HandOverAsync(++job, cluster.Nodes.Take(2).ToList(), await cluster.FillAsync([.. cluster.Nodes.Take(2)], 1));
            foreach (var pods in podsEach)
            foreach (var nodes in sizes.Where(n => n * pods <= settings.MostPods))
                await MeasureAsync(nodes, pods);
            Tell(section, settings, peers, sizes, podsEach, results);

            async Task MeasureAsync(int nodes, int pods)
            {
                var names = cluster.Nodes.Take(nodes).ToList();
                foreach (var peer in peers)
                    results[(peer, pods, nodes)] = new Result();
                var rounds = settings.Of(
                    nodes * pods <= 320 ? 5
                        : nodes * pods <= 1280 ? 3
                        : 1,
                    1
                );
                rounds = pods == 0 ? settings.Of(7, 2) : rounds;
                for (var round = 0; round < rounds; round++)
                    foreach (var peer in peers)
                    {
                        var result = results[(peer, pods, nodes)];
                        // A peer that takes its time is measured less often, and not at all where that would take too long.
                        if (
                            peer.TakesItsTime
                            && (
                                settings.Patience == TimeSpan.Zero
                                || Spent(result) > settings.Patience.TotalSeconds / 3
                                || Expected(peer, pods, nodes) > settings.Patience.TotalSeconds
                            )
                        )
                            continue;
                        var there = pods == 0 ? [] : await cluster.FillAsync(names, pods);
                        var times = await peer.HandOverAsync(++job, names, there);
                        result.Add(times);
                        Console.Error.WriteLine(
                            $"  {nodes} nodes, {pods} pods each, {peer.Name}: {Figures.Time(times.Take)}, gone {Figures.Time(times.Gone)}, back {Figures.Time(times.Give)}"
                        );
                    }
            }

            double Expected(Peer peer, int pods, int nodes)
            {
                var smaller = sizes
                    .Where(n => n < nodes && results.TryGetValue((peer, pods, n), out var r) && r.Take.Count > 0)
                    .DefaultIfEmpty(0)
                    .Max();
                return smaller == 0 ? 0 : results[(peer, pods, smaller)].Take.Median * nodes / smaller;
            }
        }
        finally
        {
            Library.Stop(5000);
        }
    }

    private static double Spent(Result result) => result.Take.Count == 0 ? 0 : result.Take.Median * result.Take.Count;

    private static void Tell(
        Section section,
        Settings settings,
        Peer[] peers,
        IReadOnlyList<int> sizes,
        IReadOnlyList<int> podsEach,
        Dictionary<(Peer Peer, int Pods, int Nodes), Result> results
    )
    {
        section.Text(
            "Each node has a simulated kubelet that ends a pod immediately; all kubelets are one process beside the API server. "
                + "So the time is the hand-over's, not the pods' grace, which is 5 s for all. BeBiDa is `libbebida_controller.so` in the benchmark's process, called as slurmctld's plugin calls it, "
                + "with its defaults (64 requests in flight, 16 of them holds; Events). Its time ends when the last pod is gone, as a job's wait does. `h2load` sends the same applies and evictions over one connection, "
                + "32 at once. Its time ends with the last answer, because it does not see the pods. A job would wait at most `controller.deadline` (30 s by default) for its nodes; here it has ten minutes. "
                + $"*About* marks figures that would have taken more than {settings.Patience.TotalSeconds:0} s and were extrapolated linearly from the largest measured size."
        );
        foreach (var pods in podsEach)
        {
            var why = pods == 0 ? WhyEmpty : WhyPods;
            var measured = sizes
                .Where(n => results.ContainsKey((peers[0], pods, n)) && results[(peers[0], pods, n)].Take.Count > 0)
                .ToList();
            section.Text($"**{(pods == 0 ? "Empty nodes" : $"{pods} pods on each node")}**");
            section.Table(
                [
                    "nodes",
                    "BeBiDa takes",
                    "h2load",
                    "ratio",
                    "h2load, pods gone",
                    "one kubectl",
                    "times ours",
                    "scripts",
                    "times ours",
                    "BeBiDa gives back",
                    "h2load",
                    "ratio",
                    "scripts",
                ],
                measured.Select(n => Row(n, pods))
            );
            foreach (var peer in peers)
                section.Curves.Add(
                    new Curve(
                        $"{peer.Name}, {pods} pods",
                        peer.Name,
                        pods,
                        [
                            .. sizes
                                .Where(n => results.TryGetValue((peer, pods, n), out var r) && r.Take.Count > 0)
                                .Select(n => new CurvePoint(n, results[(peer, pods, n)].Take.Median)),
                        ]
                    )
                );
            var large = measured.Where(n => n >= 8).DefaultIfEmpty(measured[^1]).ToList();
            var worst = large.Max(n => Of(peers[0], pods, n).Take.Median / Of(peers[1], pods, n).Take.Median);
            section.Claim(
                $"{pods} pods a node, {large[0]} to {large[^1]} nodes: decommission",
                "at most 1.3 times h2load",
                $"up to {Figures.Ratio(worst)}",
                worst <= 1.3,
                why
            );
            var back = large.Max(n => Of(peers[0], pods, n).Give.Median / Of(peers[1], pods, n).Give.Median);
            section.Claim(
                $"{pods} pods a node, {large[0]} to {large[^1]} nodes: recommission",
                "at most 1.3 times h2load",
                $"up to {Figures.Ratio(back)}",
                back <= 1.3,
                WhyBack
            );
            var wide = measured.Where(n => n >= 100 && Estimate(peers[3], pods, n) is not null).ToList();
            if (wide.Count > 0)
            {
                var (least, at) = wide.Select(n => (Estimate(peers[3], pods, n)!.Value.Seconds / Of(peers[0], pods, n).Take.Median, n))
                    .Min();
                section.Claim(
                    $"{pods} pods a node, from {wide[0]} nodes: decommission",
                    "at most 1/100 of the scripts'",
                    $"1/{Figures.Ratio(least)} at most (at {at} nodes{(Estimate(peers[3], pods, at)!.Value.Measured ? "" : ", the scripts' extrapolated")})",
                    least >= 100,
                    why
                );
            }
            if (measured.Contains(128) && measured[^1] > 128)
            {
                var perNode = Of(peers[0], pods, measured[^1]).Take.Median / measured[^1] / (Of(peers[0], pods, 128).Take.Median / 128);
                section.Claim(
                    $"{pods} pods a node: a node of {measured[^1]} beside one of 128",
                    "linear: at most 1.25 times the time",
                    Figures.Ratio(perNode),
                    perNode <= 1.25,
                    why
                );
            }
        }

        var (manyPods, manyNodes) = results.Keys.Select(k => (k.Pods, k.Nodes)).MaxBy(k => k.Pods * k.Nodes);
        section.Text(
            $"**Where the time goes:** the processor seconds of each program while {manyNodes} nodes with {manyPods} pods each are emptied, from the first request until the last pod is gone. This is one run. BeBiDa's process includes the benchmark's own check for remaining pods."
        );
        string[] programs = ["client", "kube-apiserver", "etcd", "kubelets"];
        section.Table(
            ["by", .. programs, "on the clock"],
            peers
                .Take(2)
                .Select(peer =>
                    (IReadOnlyList<string>)
                        [
                            peer.Name,
                            .. programs.Select(p =>
                                Of(peer, manyPods, manyNodes).Processor.TryGetValue(p, out var seconds) ? Figures.Time(seconds) : "-"
                            ),
                            Figures.Time(Of(peer, manyPods, manyNodes).Gone.Median),
                        ]
                )
        );

        Result Of(Peer peer, int pods, int nodes) => results[(peer, pods, nodes)];

        // From the largest size that was measured and is not larger; null where none was.
        (double Seconds, bool Measured)? Estimate(Peer peer, int pods, int nodes) =>
            sizes.LastOrDefault(n => n <= nodes && results.TryGetValue((peer, pods, n), out var r) && r.Take.Count > 0) is > 0 and var from
                ? (Of(peer, pods, from).Take.Median * nodes / from, from == nodes)
                : null;

        string[] Row(int n, int pods)
        {
            var (ours, generated) = (Of(peers[0], pods, n), Of(peers[1], pods, n));
            var (kubectl, scripts) = (Estimate(peers[2], pods, n), Estimate(peers[3], pods, n));
            return
            [
                $"{n}",
                Figures.Time(ours.Take.Median),
                Figures.Time(generated.Take.Median),
                Figures.Ratio(ours.Take.Median / generated.Take.Median),
                pods == 0 ? "-" : Figures.Time(generated.Gone.Median),
                Show(kubectl),
                Times(kubectl),
                Show(scripts),
                Times(scripts),
                Figures.Time(ours.Give.Median),
                Figures.Time(generated.Give.Median),
                Figures.Ratio(ours.Give.Median / generated.Give.Median),
                scripts?.Measured == true ? Figures.Time(Of(peers[3], pods, n).Give.Median) : "",
            ];

            string Times((double Seconds, bool)? theirs) => theirs is { } known ? Figures.Ratio(known.Seconds / ours.Take.Median) : "";
        }

        static string Show((double Seconds, bool Measured)? time) =>
            time is { } known ? (known.Measured ? "" : "*about* ") + Figures.Time(known.Seconds) : "";
    }

    private sealed class Result
    {
        public Samples Take { get; } = new();

        public Samples Gone { get; } = new();

        public Samples Give { get; } = new();

        public IReadOnlyDictionary<string, double> Processor { get; private set; } = new Dictionary<string, double>();

        public void Add(HandOverTimes times)
        {
            Take.Add(times.Take);
            Gone.Add(times.Gone);
            Give.Add(times.Give);
            Processor = times.Processor;
        }
    }
}
