using System.Globalization;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace BeBiDa.Site.Observation;

/// <summary>Follows the nodes at the API server itself, as an admin: a watch that resumes where it was cut, and reads beside it.</summary>
public sealed class NodeFollower : IAsyncDisposable
{
    private const string HoldPrefix = "hold.bebida.io/";

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Kubernetes client;
    private readonly TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Background background;
    private string? resume;

    public NodeFollower(string kubeconfig)
    {
        client = new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(kubeconfig));
        background = new Background(ReadAsync, WatchAsync);
    }

    /// <summary>What was seen.</summary>
    public NodeHistory History { get; } = new();

    /// <summary>How often the watch had to begin anew, so that versions may be missing.</summary>
    public int Gaps { get; private set; }

    /// <summary>How often it was cut and went on where it was.</summary>
    public int Resumptions { get; private set; }

    /// <summary>Ends when all nodes have been seen.</summary>
    public Task StartedAsync() => started.Task;

    /// <summary>When a node was schedulable, as far as it is certain that this was within a time.</summary>
    public IReadOnlyList<Sighting> SchedulableWithin(string node, DateTimeOffset from, DateTimeOffset to) =>
        [.. History.Of(node).Where(sighting => sighting.State.Schedulable && new Window(from, to).Covers(sighting.Window))];

    public async ValueTask DisposeAsync()
    {
        await background.DisposeAsync();
        client.Dispose();
    }

    /// <summary>Whether an error is one of a connection, or a server, that is not there just now.</summary>
    public static bool IsAway(Exception error) =>
        error
            is HttpRequestException
                or IOException
                or HttpOperationException
                or KubernetesException
                or OperationCanceledException
                or System.Text.Json.JsonException;

    private async Task ReadAsync(CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(Patience);
        try
        {
            var asked = DateTimeOffset.UtcNow;
            var list = await client.CoreV1.ListNodeAsync(cancellationToken: limit.Token);
            var answered = DateTimeOffset.UtcNow;
            foreach (var node in list.Items)
                History.Read(node.Name(), StateOf(node), asked, answered);
            started.TrySetResult();
        }
        catch (Exception error) when (IsAway(error) && !stop.IsCancellationRequested)
        {
            // Nothing is known of that moment.
        }
        await Task.Delay(Pause, stop);
    }

    private async Task WatchAsync(CancellationToken stop)
    {
        try
        {
            resume ??= (await client.CoreV1.ListNodeAsync(cancellationToken: stop)).Metadata.ResourceVersion;
            await foreach (var (type, node) in client.CoreV1.WatchListNodeAsync(resourceVersion: resume, cancellationToken: stop))
            {
                if (type is WatchEventType.Added or WatchEventType.Modified)
                    History.Told(node.Name(), StateOf(node), DateTimeOffset.UtcNow);
                if (type is WatchEventType.Added or WatchEventType.Modified or WatchEventType.Deleted)
                    resume = node.ResourceVersion();
            }
            Resumptions++;
        }
        catch (Exception error) when (IsGone(error))
        {
            resume = null;
            Gaps++;
        }
        catch (Exception error) when (IsAway(error) && !stop.IsCancellationRequested)
        {
            Resumptions++;
            await Task.Delay(Pause, stop);
        }
    }

    private static bool IsGone(Exception error) =>
        error switch
        {
            KubernetesException { Status.Code: 410 } => true,
            HttpOperationException { Response.StatusCode: System.Net.HttpStatusCode.Gone } => true,
            _ => false,
        };

    private static NodeState StateOf(V1Node node) =>
        new(
            long.Parse(node.ResourceVersion(), CultureInfo.InvariantCulture),
            node.Spec?.Unschedulable != true,
            (node.Metadata.Annotations?.Keys ?? []).Where(key => key.StartsWith(HoldPrefix, StringComparison.Ordinal)).ToHashSet()
        );
}
