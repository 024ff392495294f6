using System.Collections.Concurrent;
using System.Globalization;
using BeBiDa.Hollow.Api;
using BeBiDa.Hollow.Nodes;
using k8s.Models;

namespace BeBiDa.Harvest.Daemons;

/// <summary>
/// A queue of pods that never empties: as many wait as there are slots. Their work takes a time drawn from a lognormal
/// distribution; what a pod that was cut had not kept of it comes back as another pod, as a Job of Kubernetes has it.
/// </summary>
internal sealed class PodQueue
{
    /// <summary>After what time of work, each time, a pod's work is kept; in seconds.</summary>
    public const string StepSeconds = "harvest/step-seconds";

    // No pod is longer or shorter than the median by more than this factor, which one of 370 would be.
    private const double MostFactor = 20;
    private const int AtOnce = 8;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);

    private readonly ApiClient _api;
    private readonly DaemonsOptions _options;
    private readonly Random _random;
    private readonly ConcurrentDictionary<string, bool> _waiting = new();
    private readonly ConcurrentQueue<(TimeSpan Length, TimeSpan Step)> _rests = new();
    private readonly ConcurrentQueue<V1Pod> _done = new();
    private int _last;

    public PodQueue(LendingSite site, PodWatch pods, DaemonsOptions options)
    {
        (_api, _options, _random) = (new ApiClient(site.Client), options, new Random(options.Seed));
        pods.Bound += pod => _waiting.TryRemove(pod, out _);
        pods.Finished += _done.Enqueue;
        pods.Cut += pod =>
        {
            var rest = pod.Length - pod.KeptBy((pod.Told ?? pod.Ended)!.Value);
            _rests.Enqueue((rest, pod.Step));
        };
    }

    /// <summary>How many have no node yet.</summary>
    public int Waiting => _waiting.Count;

    /// <summary>Keeps the queue full until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = stop };
        while (true)
        {
            await Parallel.ForAsync(
                0,
                Math.Max(0, _options.Nodes * _options.Slots - _waiting.Count),
                parallel,
                (_, token) => AddAsync(token)
            );
            var done = new List<V1Pod>();
            while (_done.TryDequeue(out var pod))
                done.Add(pod);
            await Parallel.ForEachAsync(done, parallel, RemoveAsync);
            await Task.Delay(s_pause, stop);
        }
    }

    /// <summary>A length: lognormal, sigma 1.</summary>
    public static TimeSpan Draw(Random random, TimeSpan median)
    {
        // Box and Muller's way to a normal deviate.
        var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        return median * Math.Clamp(Math.Exp(normal), 1 / MostFactor, MostFactor);
    }

    private async ValueTask AddAsync(CancellationToken stop)
    {
        if (!_rests.TryDequeue(out var work))
        {
            TimeSpan length;
            lock (_random)
                length = Draw(_random, _options.Compressed(_options.Pods));
            work = (length, length * _options.Step);
        }
        var name = $"w{Interlocked.Increment(ref _last)}";
        _waiting[name] = true;
        await _api.CreateAsync(Resources.Pods.In("default"), Pod(name, work.Length, work.Step), stop);
    }

    private async ValueTask RemoveAsync(V1Pod pod, CancellationToken stop) =>
        await _api.DeleteAsync(Resources.Pods.Of(pod), new V1DeleteOptions { GracePeriodSeconds = 0 }, stop);

    private V1Pod Pod(string name, TimeSpan length, TimeSpan step) =>
        new()
        {
            ApiVersion = "v1",
            Kind = "Pod",
            Metadata = new V1ObjectMeta
            {
                Name = name,
                Annotations = new Dictionary<string, string>
                {
                    [PodAnnotations.StartSeconds] = Seconds(_options.Compressed(_options.PodStart)),
                    [PodAnnotations.RunSeconds] = Seconds(length),
                    [StepSeconds] = Seconds(step),
                },
            },
            Spec = new V1PodSpec
            {
                RestartPolicy = "Never",
                Containers =
                [
                    new V1Container
                    {
                        Name = "main",
                        Image = "hollow",
                        Resources = new V1ResourceRequirements
                        {
                            Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("1") },
                        },
                    },
                ],
            },
        };

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("R", CultureInfo.InvariantCulture);
}
