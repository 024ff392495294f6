using k8s;
using k8s.Models;

namespace BeBiDa.Site.Observation;

/// <summary>A pod that was on a node at some moment of a window, and when it had first been seen there.</summary>
public sealed record PodSighting(string Pod, string Node, DateTimeOffset FirstSeen, Window Window);

/// <summary>Reads again and again which pods are on which node.</summary>
public sealed class PodFollower : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Kubernetes client;
    private readonly Lock gate = new();
    private readonly Dictionary<string, DateTimeOffset> firstSeen = [];
    private readonly List<PodSighting> sightings = [];
    private readonly Background background;

    public PodFollower(string kubeconfig)
    {
        client = new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(kubeconfig));
        background = new Background(ReadAsync);
    }

    /// <summary>All that was seen.</summary>
    public IReadOnlyList<PodSighting> Sightings()
    {
        lock (gate)
            return [.. sightings];
    }

    public async ValueTask DisposeAsync()
    {
        await background.DisposeAsync();
        client.Dispose();
    }

    private async Task ReadAsync(CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(Patience);
        try
        {
            var asked = DateTimeOffset.UtcNow;
            var list = await client.CoreV1.ListPodForAllNamespacesAsync(cancellationToken: limit.Token);
            var window = new Window(asked, DateTimeOffset.UtcNow);
            lock (gate)
                foreach (
                    var pod in list.Items.Where(pod =>
                        pod.Spec.NodeName is { Length: > 0 } && pod.Status?.Phase is not ("Succeeded" or "Failed")
                    )
                )
                {
                    firstSeen.TryAdd(pod.Uid(), window.To);
                    sightings.Add(new PodSighting(pod.Name(), pod.Spec.NodeName, firstSeen[pod.Uid()], window));
                }
        }
        catch (Exception error) when (NodeFollower.IsAway(error) && !stop.IsCancellationRequested)
        {
            // Nothing is known of that moment.
        }
        await Task.Delay(Pause, stop);
    }
}
