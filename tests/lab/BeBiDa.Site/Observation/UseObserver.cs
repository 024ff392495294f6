using System.Diagnostics;
using BeBiDa.Lab;
using k8s;
using k8s.Models;

namespace BeBiDa.Site.Observation;

/// <summary>
/// Adds up what nodes are used for, from what sinfo and the API server say themselves, asked again and again: a second opinion on
/// <c>bebidactl report</c>, with none of BeBiDa's code and nothing that it has written but the holds' annotations.
/// </summary>
public sealed class UseObserver : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Kubernetes client;
    private readonly SlurmCluster slurm;
    private readonly TimeSpan longest;
    private readonly Lock gate = new();
    private readonly Dictionary<string, double> seconds = [];
    private readonly Background background;
    private Dictionary<string, string> uses = [];
    private long since = Stopwatch.GetTimestamp();

    /// <summary>Begins to look.</summary>
    /// <param name="kubeconfig">An admin's kubeconfig.</param>
    /// <param name="slurm">The cluster.</param>
    /// <param name="longest">For how long what was seen counts when the next look gets no answer.</param>
    public UseObserver(string kubeconfig, SlurmCluster slurm, TimeSpan longest)
    {
        client = new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(kubeconfig));
        (this.slurm, this.longest) = (slurm, longest);
        background = new Background(LookAsync);
    }

    /// <summary>Node-seconds so far by use, in the words of the report's CSV.</summary>
    public IReadOnlyDictionary<string, double> NodeSeconds()
    {
        lock (gate)
        {
            Pass();
            return new Dictionary<string, double>(seconds);
        }
    }

    /// <summary>Begins to count anew.</summary>
    public void Restart()
    {
        lock (gate)
        {
            Pass();
            seconds.Clear();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await background.DisposeAsync();
        client.Dispose();
    }

    private async Task LookAsync(CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(Patience);
        try
        {
            var states = slurm.RunAsync("sinfo", ["-N", "-h", "-o", "%N %T"], limit.Token);
            var nodes = await client.CoreV1.ListNodeAsync(cancellationToken: limit.Token);
            var pods = await client.CoreV1.ListPodForAllNamespacesAsync(cancellationToken: limit.Token);
            var answer = await states;
            if (answer.ExitCode == 0 && answer.StandardOutput.Length > 0)
                See(answer.StandardOutput, nodes, pods);
        }
        catch (Exception e)
            when (!stop.IsCancellationRequested
                && e is HttpRequestException or IOException or OperationCanceledException or k8s.Autorest.HttpOperationException
            )
        {
            // No answer: what was seen counts for a while.
        }
        await Task.Delay(Pause, stop);
    }

    private void See(string states, V1NodeList nodes, V1PodList pods)
    {
        var now = new Dictionary<string, string>();
        foreach (var line in states.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            if (line.Split(' ') is [var name, var state])
                now[name] = Use(state.TrimEnd('*', '~', '#', '!', '%', '$', '@', '^', '-', '+'), Find(nodes, name), Count(pods, name));
        lock (gate)
        {
            Pass();
            uses = now;
        }
    }

    // What was seen last has been so since; but not for longer than it counts.
    private void Pass()
    {
        var passed = Stopwatch.GetElapsedTime(since);
        since = Stopwatch.GetTimestamp();
        var known = passed < longest ? passed : longest;
        foreach (var use in uses.Values)
        {
            seconds[use] = seconds.GetValueOrDefault(use) + known.TotalSeconds;
            if (passed > known)
                seconds["unknown"] = seconds.GetValueOrDefault("unknown") + (passed - known).TotalSeconds;
        }
    }

    private static string Use(string state, V1Node? node, int pods)
    {
        var holders = (node?.Metadata.Annotations ?? new Dictionary<string, string>())
            .Keys.Where(key => key.StartsWith("hold.bebida.io/", StringComparison.Ordinal))
            .Select(key => key[(key.LastIndexOf('.') + 1)..])
            .ToList();
        var isJobs = holders.Any(holder => char.IsAsciiDigit(holder[0]) || holder == "return");
        var isUsable =
            node?.Spec.Unschedulable != true
            && node?.Status?.Conditions?.Any(c => c.Type == "Ready" && c.Status == "True") == true
            && holders.Count == 0;
        return state switch
        {
            "allocated" or "mixed" or "draining" => isJobs && pods > 0 ? "in_between" : "slurm",
            // A slurmctld that has just started does not know before slurmd has answered it.
            "unknown" => "unknown",
            _ when isUsable && pods > 0 => "lent_with_pods",
            "completing" => "in_between",
            "idle" or "planned" or "reserved" => isJobs ? "in_between"
            : isUsable ? "lent_empty"
            : holders is [("linger" or "planned" or "policy") and var reason] ? reason
            : "held",
            _ => "unavailable",
        };
    }

    private static V1Node? Find(V1NodeList nodes, string name) => nodes.Items.FirstOrDefault(n => n.Metadata.Name == name);

    private static int Count(V1PodList pods, string node) =>
        pods.Items.Count(p =>
            p.Spec.NodeName == node
            && p.Status?.Phase is not ("Succeeded" or "Failed")
            && p.Metadata.OwnerReferences?.Any(o => o.Controller == true && o.Kind == "DaemonSet") != true
            && p.Metadata.Annotations?.ContainsKey("kubernetes.io/config.mirror") != true
        );
}
