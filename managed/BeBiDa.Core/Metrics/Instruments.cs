using System.Diagnostics.Metrics;
using System.Reflection;
using BeBiDa.Cluster;
using BeBiDa.HandOver;
using BeBiDa.Holds;
using BeBiDa.Reconciliation;

namespace BeBiDa.Metrics;

/// <summary>What is counted of hand-overs: .NET's own instruments, under Prometheus' names. They cost next to nothing while nobody listens.</summary>
/// <remarks>Names and units as prometheus.io/docs/practices/naming asks; docs/monitoring.md says what each means to an admin.</remarks>
public sealed class Instruments : IDisposable
{
    /// <summary>Seconds; from a node without pods, some milliseconds, to the longest of the default deadlines and beyond.</summary>
    private static readonly double[] Durations = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120];

    private static readonly string[] Outcomes = [.. Enum.GetValues<HandOverOutcome>().Select(Word), Overdue];
    private static readonly string[] Directions = ["decommission", "recommission"];
    private static readonly string[] Reasons = ["budget", "refused", "unanswered", "stuck"];
    private static readonly string[] Repairs = ["hold", "release"];
    private static readonly string[] Results = ["done", "failed"];
    private static readonly string[] Plans = ["kept", "wasted"];

    private const string Overdue = "overdue";

    private readonly Meter meter = new("bebida");
    private readonly Counter<long> handOvers,
        podsEvicted,
        podsDeleted,
        podsRemaining,
        nodesRelayed,
        nodesPlanned,
        repairs,
        reconciliations;
    private readonly Counter<double> planSeconds;
    private readonly Histogram<double> durations;
    private readonly UpDownCounter<long> underWay;
    private Ledger? ledger;
    private long reconciledAt;

    /// <summary>Makes the instruments.</summary>
    public Instruments()
    {
        handOvers = meter.CreateCounter<long>(
            "bebida_hand_overs_total",
            description: "Hand-overs that were answered, by direction and outcome."
        );
        durations = meter.CreateHistogram(
            "bebida_hand_over_duration_seconds",
            description: "How long hand-overs of nodes took until they were answered.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = Durations }
        );
        underWay = meter.CreateUpDownCounter<long>(
            "bebida_hand_overs_under_way",
            description: "Hand-overs that are being worked at now, in the background too."
        );
        podsEvicted = meter.CreateCounter<long>("bebida_pods_evicted_total", description: "Pods that have left nodes for jobs.");
        podsDeleted = meter.CreateCounter<long>(
            "bebida_pods_deleted_total",
            description: "Pods that were deleted at the eviction deadline, by what kept them until then."
        );
        podsRemaining = meter.CreateCounter<long>(
            "bebida_pods_remaining_total",
            description: "Pods that jobs did not wait for and that were left to the node's prolog: they come back by design, or must not be deleted by force."
        );
        nodesRelayed = meter.CreateCounter<long>(
            "bebida_nodes_relayed_total",
            description: "Nodes that jobs were given with no request to Kubernetes, because they were kept for the next job (nodes.linger)."
        );
        nodesPlanned = meter.CreateCounter<long>(
            "bebida_nodes_planned_total",
            description: "Nodes that were held before a planned job (nodes.lead), by whether it came: kept or wasted."
        );
        planSeconds = meter.CreateCounter<double>(
            "bebida_planned_node_seconds_total",
            description: "Seconds for which nodes were held before a planned job, by whether it came: kept or wasted."
        );
        repairs = meter.CreateCounter<long>(
            "bebida_reconcile_repairs_total",
            description: "Holds that did not agree with Slurm's jobs, by what was done about them and whether it succeeded."
        );
        reconciliations = meter.CreateCounter<long>(
            "bebida_reconciliations_total",
            description: "Comparisons of all holds with Slurm's jobs, by outcome."
        );
        meter.CreateObservableGauge<long>(
            "bebida_reconcile_last_success_timestamp_seconds",
            () => Interlocked.Read(ref reconciledAt) is > 0 and var at ? [new Measurement<long>(at)] : [],
            description: "When the holds agreed with Slurm's jobs last, in Unix time."
        );
        meter.CreateObservableGauge<long>(
            "bebida_holds",
            () => Last is { } l ? [new Measurement<long>(l.Holds)] : [],
            description: "Holds of this Slurm cluster's jobs on nodes, as last compared."
        );
        meter.CreateObservableGauge<long>(
            "bebida_standing_holds",
            () =>
                Last is { } l
                    ? Holders.All.Select(holder => new Measurement<long>(
                        l.Standing.GetValueOrDefault(holder),
                        new KeyValuePair<string, object?>("holder", holder)
                    ))
                    : [],
            description: "Nodes that are held because of their state in this Slurm cluster and not for a job, by what holds them, as last compared."
        );
        meter.CreateObservableGauge<long>(
            "bebida_nodes",
            () => Last is { } l ? [Owned(l.Kubernetes, "kubernetes"), Owned(l.Slurm, "slurm"), Owned(l.Cordoned, "cordoned")] : [],
            description: "Nodes that are lent, by who has them, as last compared."
        );
    }

    /// <summary>Whose instruments these are, for whoever listens.</summary>
    public Meter Meter => meter;

    private Ledger? Last => Volatile.Read(ref ledger);

    /// <summary>Adds what only the process knows: its version, and for how long Kubernetes has been away.</summary>
    /// <param name="cluster">The cluster.</param>
    public void Describe(ICluster cluster)
    {
        var version =
            typeof(Instruments).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]
            ?? "";
        meter.CreateObservableGauge(
            "bebida_build_info",
            () => new Measurement<long>(1, new KeyValuePair<string, object?>("version", version)),
            description: "1, with the version of the library in slurmctld."
        );
        meter.CreateObservableGauge(
            "bebida_kubernetes_away_seconds",
            () => cluster.AwayFor.TotalSeconds,
            description: "For how long no request has been answered by Kubernetes; 0 while it answers."
        );
    }

    /// <summary>Shows every counter as 0, so that the first event is an increase for whoever looks.</summary>
    public void Zero()
    {
        foreach (var direction in Directions)
        foreach (var outcome in Outcomes)
            handOvers.Add(0, new("direction", direction), new("outcome", outcome));
        foreach (var reason in Reasons)
            podsDeleted.Add(0, new KeyValuePair<string, object?>("reason", reason));
        foreach (var result in Results)
        {
            reconciliations.Add(0, new KeyValuePair<string, object?>("outcome", result));
            foreach (var action in Repairs)
                repairs.Add(0, new("action", action), new("outcome", result));
        }
        podsEvicted.Add(0);
        podsRemaining.Add(0);
        nodesRelayed.Add(0);
        foreach (var plan in Plans)
        {
            nodesPlanned.Add(0, new KeyValuePair<string, object?>("plan", plan));
            planSeconds.Add(0, new KeyValuePair<string, object?>("plan", plan));
        }
        underWay.Add(0);
    }

    /// <summary>A hand-over was answered.</summary>
    /// <param name="decommission">Which way it went.</param>
    /// <param name="result">How it ended.</param>
    /// <param name="overdue">Whether it was answered before it was done, because its time was over.</param>
    internal void Answered(bool decommission, HandOverResult result, bool overdue = false)
    {
        var direction = Directions[decommission ? 0 : 1];
        handOvers.Add(1, new("direction", direction), new("outcome", overdue ? Overdue : Word(result.Outcome)));
        // What had nothing to do would only hide how long the others take.
        if (result.Outcome != HandOverOutcome.NothingToDo)
            durations.Record(result.Elapsed.TotalSeconds, new KeyValuePair<string, object?>("direction", direction));
    }

    /// <summary>Work at a hand-over has begun (1) or ended (-1).</summary>
    internal void UnderWay(int change) => underWay.Add(change);

    /// <summary>A job has a node under the hold that kept it for the next job.</summary>
    internal void NodeRelayed() => nodesRelayed.Add(1);

    /// <summary>A node was held before a planned job, and it came.</summary>
    /// <param name="held">For how long.</param>
    internal void PlanKept(TimeSpan held) => Planned(Plans[0], held);

    /// <summary>A node was held before a planned job, and it did not come.</summary>
    /// <inheritdoc cref="PlanKept"/>
    internal void PlanWasted(TimeSpan held) => Planned(Plans[1], held);

    /// <summary>A pod has left.</summary>
    internal void PodLeft() => podsEvicted.Add(1);

    /// <summary>A pod is deleted at the deadline.</summary>
    /// <param name="reason">budget, refused, unanswered or stuck.</param>
    internal void PodDeleted(string reason) => podsDeleted.Add(1, new KeyValuePair<string, object?>("reason", reason));

    /// <summary>A pod is left to the node's prolog.</summary>
    internal void PodRemains() => podsRemaining.Add(1);

    /// <summary>All nodes were looked at.</summary>
    /// <param name="nodes">Those that are lent.</param>
    /// <param name="slurmCluster">Whose holds are counted.</param>
    internal void Looked(IEnumerable<NodeLedger> nodes, string slurmCluster)
    {
        int holds = 0,
            kubernetes = 0,
            slurm = 0,
            cordoned = 0;
        var standing = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var node in nodes)
        {
            var own = node.Holds.Where(h => h.Key.Cluster == slurmCluster).ToList();
            holds += own.Count(h => h.Key.IsJob);
            foreach (var holder in own.Select(h => h.Key.Holder).OfType<string>())
                standing[holder] = standing.GetValueOrDefault(holder) + 1;
            if (node.Holds.Count > 0)
                slurm++;
            else if (node.Unschedulable)
                cordoned++;
            else
                kubernetes++;
        }
        Volatile.Write(ref ledger, new Ledger(holds, standing, kubernetes, slurm, cordoned));
    }

    /// <summary>A reconciliation has ended.</summary>
    /// <param name="result">What it did.</param>
    /// <param name="now">The time.</param>
    internal void Reconciled(ReconcileResult result, DateTimeOffset now)
    {
        reconciliations.Add(1, new KeyValuePair<string, object?>("outcome", Results[result.Succeeded ? 0 : 1]));
        foreach (var (repair, problem) in result.Outcomes)
            if (repair.Action is RepairAction.Hold or RepairAction.Release)
                repairs.Add(
                    1,
                    new("action", Repairs[repair.Action == RepairAction.Hold ? 0 : 1]),
                    new("outcome", Results[problem is null ? 0 : 1])
                );
        if (result.Succeeded)
            Interlocked.Exchange(ref reconciledAt, now.ToUnixTimeSeconds());
    }

    /// <inheritdoc/>
    public void Dispose() => meter.Dispose();

    private void Planned(string plan, TimeSpan held)
    {
        nodesPlanned.Add(1, new KeyValuePair<string, object?>("plan", plan));
        planSeconds.Add(held.TotalSeconds, new KeyValuePair<string, object?>("plan", plan));
    }

    private static string Word(HandOverOutcome outcome) =>
        outcome switch
        {
            HandOverOutcome.Done => "done",
            HandOverOutcome.NothingToDo => "nothing_to_do",
            HandOverOutcome.Superseded => "superseded",
            _ => "failed",
        };

    private static Measurement<long> Owned(int nodes, string owner) => new(nodes, new KeyValuePair<string, object?>("owner", owner));

    // How the nodes were found when they were last looked at.
    private sealed record Ledger(int Holds, IReadOnlyDictionary<string, int> Standing, int Kubernetes, int Slurm, int Cordoned);
}
