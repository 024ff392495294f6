using BeBiDa.Accounts;
using BeBiDa.Cli.Slurm;
using BeBiDa.Kubernetes;
using BeBiDa.Reconciliation;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Cli.Reports;

/// <summary>Lets a recorder know what Slurm and Kubernetes say: Slurm is asked now and then, Kubernetes is followed.</summary>
/// <param name="site">The site.</param>
/// <param name="recorder">The recorder.</param>
/// <param name="interval">How often Slurm is asked.</param>
/// <param name="logger">The log.</param>
internal sealed class Recording(Site site, Recorder recorder, TimeSpan interval, ILogger logger)
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    /// <summary>Goes on until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] all =
        [
            TickAsync(end.Token),
            AskSlurmAsync(end.Token),
            site.Cluster.FollowNodesAsync(
                site.Names.SlurmNameOf,
                new Follower<RecordedNode>(
                    recorder.NodesListed,
                    recorder.NodeChanged,
                    node => recorder.NodeGone(node.Name),
                    recorder.NodesLost,
                    logger.NodesNotFollowed
                ),
                end.Token
            ),
            site.Cluster.FollowPodsAsync(
                new Follower<StartedPod>(
                    recorder.PodsListed,
                    recorder.PodChanged,
                    pod => recorder.PodGone(pod.Pod.Uid),
                    recorder.PodsLost,
                    logger.PodsNotFollowed
                ),
                end.Token
            ),
            // Where no Events are written, nobody tells how long jobs wait.
            .. site.Configuration.Kubernetes.Events ? [FollowHandOversAsync(end.Token)] : Array.Empty<Task>(),
        ];
        // None of them ends by itself, unless by a bug: then systemd starts all of it again.
        var first = await Task.WhenAny(all).ConfigureAwait(false);
        await end.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(all).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        recorder.Stop();
        await first.ConfigureAwait(false);
    }

    private Task FollowHandOversAsync(CancellationToken cancellationToken) =>
        site.Cluster.FollowHandOversAsync(
            new Follower<TakenNode>(
                told =>
                {
                    foreach (var hand in told)
                        recorder.NodeTaken(hand);
                    recorder.HandOversListed();
                },
                recorder.NodeTaken,
                _ => { },
                recorder.HandOversLost,
                logger.HandOversNotFollowed
            ),
            cancellationToken
        );

    private async Task TickAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Tick);
        while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
            recorder.Tick();
    }

    private async Task AskSlurmAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(interval);
        var isFailing = false;
        do
        {
            // Nodes in hidden partitions too.
            var answer = await HostCommand
                .RunAsync("scontrol", ["--all", "--oneliner", "show", "node"], cancellationToken)
                .ConfigureAwait(false);
            var problem = Tell(answer);
            if (problem is null)
            {
                if (isFailing)
                    logger.SlurmAnswersAgain();
            }
            else if (!isFailing)
            {
                logger.SlurmNotRecorded(problem);
            }
            isFailing = problem is not null;
        } while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false));
    }

    private string? Tell(HostCommand answer)
    {
        if (answer.Output is null)
        {
            recorder.SlurmFailed();
            return answer.Problem;
        }
        try
        {
            var nodes = ScontrolNode.ReadAll(answer.Output);
            // A cluster without nodes does not exist; PrivateData=nodes hides them from whoever is neither root nor SlurmUser.
            if (nodes.Count == 0)
                throw new JobsUnknownException("scontrol shows no nodes (PrivateData hides them from other users than root and SlurmUser)");
            recorder.SlurmAnswered([
                .. nodes.Where(n => site.Policy.Counts(n.Name)).Select(n => new SlurmFacts(n.Name, n.State, n.Partitions)),
            ]);
            return null;
        }
        catch (JobsUnknownException e)
        {
            recorder.SlurmFailed();
            return e.Message;
        }
    }

    private sealed class Follower<T>(Action<IReadOnlyList<T>> listed, Action<T> changed, Action<T> gone, Action lost, Action<string> log)
        : IFollower<T>
    {
        private bool isLost;

        public void Listed(IReadOnlyList<T> all)
        {
            isLost = false;
            listed(all);
        }

        public void Changed(T one) => changed(one);

        public void Gone(T one) => gone(one);

        public void Lost(string why)
        {
            lost();
            if (!isLost)
                log(why);
            isLost = true;
        }
    }
}
