using BeBiDa.Chaos.Adversities;
using BeBiDa.Chaos.Load;
using BeBiDa.Chaos.Observation;
using BeBiDa.Lab;
using BeBiDa.Site;

namespace BeBiDa.Chaos;

/// <summary>A site, jobs on it, all that goes wrong, and what an observer found of it.</summary>
public static class ChaosRun
{
    // What a hold may take beyond the reconciler's interval: to be written, and to be seen.
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan BetweenMendings = TimeSpan.FromSeconds(2);

    /// <summary>Does all of it; returns what was found.</summary>
    public static async Task<Report> RunAsync(ChaosOptions options, CancellationToken stop = default)
    {
        await using var way = new PluginsWay();
        await using var machines = new Machines();
        await using var site = await Site.Site.StartAsync(Options(options, way, machines), stop);
        await using var stays = new PodObserver(site.Client);
        machines.Start(site, stays);
        await using var nodes = new NodeFollower(site.Api.AdminKubeconfig);
        await using var pods = new PodFollower(site.Api.AdminKubeconfig);
        await using var jobs = new JobFollower(site.Slurm);
        await using var daemons = new ControllerWatch(site.Slurm);
        // Also when a slurmctld that was killed finds in its state that they are to be switched on or off.
        machines.Switching = daemons.Node;
        await using var bystander = await SlurmCluster.StartAsync(new SlurmOptions { Nodes = 1 }, stop);
        await using var pings = new PingFollower(site.Slurm, daemons, bystander, options.PingBound);
        await Executors.StartAsync(site.Client, options.Nodes);

        var leftovers = new SlurmLeftovers(site.Slurm);
        // All the time: an interactive job that waits for a drained node keeps its lane.
        await using var admin = new Background(async token =>
        {
            await leftovers.MendAsync(token);
            await Task.Delay(BetweenMendings, token);
        });
        var gate = new Gate();
        var load = new JobLoad(site, jobs, gate, options);
        var adversary = new Adversary(site, way, daemons, gate, load, options);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var lanes = load.RunAsync(enough.Token, stop);
        await adversary.PerformAsync(Schedule.Draw(options), stop);
        await enough.CancelAsync();
        options.Say("no more jobs; those under way end");
        await lanes;
        IReadOnlyList<string> queue = [],
            undrained = [];
        await WithinAsync(async () => (queue = await SlurmQueue.JobsAsync(site.Slurm, stop)).Count == 0, Eventually.Patience, stop);
        await WithinAsync(
            async () => (undrained = await SlurmQueue.UnfreeNodesAsync(site.Slurm, stop)).Count == 0,
            Eventually.Patience,
            stop
        );
        options.Say("no more jobs; holds that are left are waited for");
        await WithinAsync(
            async () => (await site.HoldsAsync()).Count == 0 && (await site.UnschedulableAsync()).Count == 0,
            Eventually.Patience,
            stop
        );
        var holds = await site.HoldsAsync();
        var unschedulable = await site.UnschedulableAsync();

        var log = site.Slurm.Controller.ReadLog();
        Keep(site, options, log);
        var policy = Verdict.StartedByPolicy(log);
        var tasks = Verdict.Tasks(site.Probes);
        List<CertainRun> runs = [.. jobs.History.Runs(), .. tasks];
        var trespasses = Verdict.Schedulable(runs, nodes.History);
        var (byPolicy, trespassing) = Split(
            trespasses,
            t =>
                policy.Contains(t.Run.Job)
                && adversary.Timeline.KubernetesWasAway(t.Sighting.Window.From, options.ReconcileInterval + Slack)
        );
        var besidePods = Verdict.Pods(tasks, nodes.History, pods.Sightings()).Where(p => !policy.Contains(p.Run.Job)).ToList();
        var ends = new JobEnds(load.Submissions, jobs, adversary.Timeline);

        var unfit = adversary.Unfit.SelectMany(node => node.Seen(nodes.History.Of(node.Name), options.UnfitBound)).ToList();
        var report = new Report(
            $"seed {options.Seed}, {options.Api.ToString().ToLowerInvariant()} API server: {load.Submissions.Count} jobs on {options.Nodes} nodes, {tasks.Count} tasks, {adversary.Timeline.Events.Count} adversities"
        );
        report.MustBeNone("running jobs whose node was schedulable", trespassing.Select(Describe));
        report.MustBeNone(
            "pods that had not left when a job's tasks ran",
            besidePods.Select(p =>
                $"job {p.Run.Job} ran on {p.Run.Node} {p.Run.Window}; {p.Pod.Pod}, there since {p.Pod.FirstSeen:HH:mm:ss.fff}, was there {p.Pod.Window}"
            )
        );
        report.MustBeNone(
            "nodes in MAINT, FAIL, DOWN or switched off that were schedulable after two looks",
            unfit
                .Where(s => s.State.Schedulable && !adversary.Timeline.KubernetesWasAway(s.Window.From, options.ReconcileInterval + Slack))
                .Select(s => $"{s.Node}: {s.Window}, version {s.State.Version}")
        );
        report.MustBeNone("pods that ended with their machine", machines.Cut);
        report.MustBeNone(
            "machines that were never switched off",
            adversary.Timeline.Events.Any(e => e.Kind == AdversityKind.NodesSwitchedOff) && machines.Done.Count == 0 ? ["all"] : []
        );
        report.MustBeNone("holds left at the end", holds);
        report.MustBeNone("nodes left unschedulable", unschedulable);
        report.MustBeNone("jobs left in Slurm's queue", queue);
        report.MustBeNone("nodes left drained, down or busy", undrained);
        report.MustBeNone("jobs lost", ends.Lost);
        report.MustBeNone("jobs stuck", ends.Stuck);
        report.MustBeNone("jobs that ended as they should not have", ends.Wrong);
        report.MustBeNone("commands that Slurm refused", load.Refusals);
        report.MustBeNone("daemons that ended, or did not start or stop", [.. daemons.Crashes, .. adversary.Problems, .. Cores(site)]);
        report.MustBeNone("internal errors in slurmctld", Verdict.Internal(log + site.Slurm.Controller.ReadOutput()));
        report.MustBeNone($"answers of slurmctld over {options.PingBound.TotalSeconds:0} s", pings.Slow);
        if (options.LongOutage)
        {
            report.Note("jobs that Slurm started by policy", [.. policy.Order().Select(job => $"job {job}")]);
            report.Note("of these, runs beside a schedulable node until Kubernetes was back", [.. byPolicy.Select(Describe)]);
            var late = new LateHolds(
                runs.Where(run => policy.Contains(run.Job)),
                nodes.History,
                adversary.Timeline,
                options.ReconcileInterval + Slack
            );
            report.Note("of these, nodes that were held once Kubernetes was back", late.Held);
            report.MustBeNone("of these, nodes that were not held one interval after it", late.NotHeld);
        }
        else
        {
            report.MustBeNone("jobs that Slurm started by policy", policy.Order().Select(job => $"job {job}"));
        }
        report.Note("jobs that ended otherwise, with Slurm's own daemons killed meanwhile", ends.Excused);
        report.Note($"jobs that were not over after {options.JobBound.TotalMinutes:0} min", load.Late);
        report.Note("nodes and jobs that Slurm itself left unusable after a daemon of its own was killed", leftovers.Mended);
        report.Say(
            $"nodes were held {System.Text.RegularExpressions.Regex.Count(log, @" event=hold outcome=done job=planned ")} times before a planned job"
        );
        report.Say(
            $"slurmctld's slowest answer of {pings.Answers}: {pings.Worst.TotalMilliseconds:0} ms; of an idle one without the plugin, at the same times: {pings.WorstOfBystander.TotalMilliseconds:0} ms; {pings.Inconclusive} late answers say nothing, since both were slow"
        );
        report.Say($"nodes were seen {Verdict.Looks(runs, nodes.History)} times while a job ran there for certain ({runs.Count} runs)");
        report.Say($"nodes were seen {unfit.Count} times while they were in MAINT, FAIL, DOWN or switched off for longer than two looks");
        report.Say($"the observer's watch went on {nodes.Resumptions} times, and began anew {nodes.Gaps} times");
        return report;
    }

    private static SiteOptions Options(ChaosOptions options, PluginsWay way, Machines machines) =>
        new()
        {
            Nodes = options.Nodes,
            Api = options.Api,
            Kubeconfig = way.Kubeconfig,
            // The jobs are root's, who may keep nodes unless it is said otherwise.
            Configuration =
                $"controller:\n  reconcileInterval: {options.ReconcileInterval.TotalSeconds:0}s\n"
                + $"nodes:\n  linger: {options.Linger.TotalSeconds:0}s\n  lead: {options.Lead.TotalSeconds:0}s\n"
                + $"slurm:\n  lookInterval: {UnfitNode.LookInterval.TotalSeconds:0}s\n  powerTimeout: 10s\n"
                + $"  suspendProgram: {machines.Own("off")}\n  resumeProgram: {machines.Own("on")}\njobs:\n  mayKeep: {{users: []}}\n",
            // A requeued job waits for its credential's end; a step must start before it.
            Slurm = slurm =>
                slurm with
                {
                    CredentialLifetime = options.LongOutage ? TimeSpan.FromSeconds(60) : slurm.CredentialLifetime,
                    ExtraConfiguration = SwitchedOffNodes.Settings(machines),
                },
        };

    private static string Describe((CertainRun Run, Sighting Sighting) t) =>
        $"job {t.Run.Job} ran on {t.Run.Node} {t.Run.Window}; schedulable {t.Sighting.Window}, version {t.Sighting.State.Version}, held by {string.Join(", ", t.Sighting.State.Holds)}";

    private static IEnumerable<string> Cores(Site.Site site) =>
        Directory
            .EnumerateFiles(site.Slurm.Directory, "core*", SearchOption.TopDirectoryOnly)
            .Concat(Directory.EnumerateFiles(Path.Combine(site.Slurm.Directory, "log"), "core*"));

    private static (List<T> Yes, List<T> No) Split<T>(IEnumerable<T> all, Func<T, bool> condition)
    {
        var both = all.ToLookup(condition);
        return ([.. both[true]], [.. both[false]]);
    }

    // What is not so then is counted, so that nothing is thrown.
    private static async Task WithinAsync(Func<Task<bool>> condition, TimeSpan patience, CancellationToken stop)
    {
        try
        {
            await Eventually.HoldsAsync("", patience, _ => condition(), stop);
        }
        catch (TimeoutException) { }
    }

    private static void Keep(Site.Site site, ChaosOptions options, string log)
    {
        var directory = Directory.CreateDirectory(Path.Combine(PluginBuild.RepositoryRoot(), "build", "chaos")).FullName;
        var name = $"{options.Api.ToString().ToLowerInvariant()}-{options.Seed}";
        File.WriteAllText(Path.Combine(directory, $"{name}.slurmctld.log"), log);
        File.WriteAllText(Path.Combine(directory, $"{name}.slurmctld.out"), site.Slurm.Controller.ReadOutput());
        foreach (var node in site.Slurm.Nodes)
            File.WriteAllText(Path.Combine(directory, $"{name}.{node}.log"), site.Slurm.NodeDaemon(node).ReadLog());
        options.Say($"logs: {directory}/{name}.*");
    }
}
