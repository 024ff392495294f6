namespace BeBiDa.Vm.Tests;

/// <summary>What a node is in the middle of when its power is cut.</summary>
public enum Moment
{
    /// <summary>A job runs, without Kubernetes.</summary>
    JobRuns,

    /// <summary>Pods leave for a job.</summary>
    PodsLeave,

    /// <summary>The prolog stops the services.</summary>
    ServicesStop,

    /// <summary>The services start again after a job.</summary>
    ServicesStart,
}

[TestFixtureSource(typeof(Machines), nameof(Machines.Kinds))]
public class PowerCutSpecs(Kubernetes kind) : VmTest(kind)
{
    [TestCaseSource(typeof(Machines), nameof(Machines.Moments))]
    public async Task Nothing_is_lost_and_nothing_leaks_when_the_power_is_cut_while(Moment moment)
    {
        var job = await ReachAsync(moment);
        await Machine.KillAsync();
        Machine.Start();
        await Machine.WaitUntilBootedAsync();

        // Slurm's verdict: the job failed with its node, or had not come that far and runs now. It is not asked to requeue. Where
        // the cut ended a prolog, Slurm 22.05 has no verdict until it asks the node for its jobs, after half an hour.
        await EventuallyAsync(
            "the job is over, runs with the machine for itself, or is lost and holds it",
            async () => await IsOverAsync(job) || await RunsAsync(job) || (moment == Moment.ServicesStop && await HoldsAsync(job))
        );
        (await Site.Slurm.RunAsync("scancel", [$"{job}"])).EnsureSucceeded();
        await ReturnsToKubernetesAsync();
    }

    private async Task<int> ReachAsync(Moment moment)
    {
        int job;
        switch (moment)
        {
            case Moment.JobRuns:
                return await StartAsync();
            case Moment.PodsLeave:
                await RunStubbornPodAsync("stubborn");
                job = await SubmitAsync();
                await EventuallyAsync(
                    "the pod is told to end",
                    async () => (await PodAsync("stubborn"))?.Metadata.DeletionTimestamp is not null
                );
                return job;
            case Moment.ServicesStop:
                job = await SubmitAsync();
                await Machine.ShellAsync("until [ -s /run/bebida/stopped ]; do sleep 0.05; done");
                return job;
            case Moment.ServicesStart:
                job = await StartAsync();
                (await Site.Slurm.RunAsync("scancel", [$"{job}"])).EnsureSucceeded();
                await Machine.ShellAsync("until [ \"$(systemctl is-active containerd)\" != inactive ]; do sleep 0.05; done");
                return job;
            default:
                throw new ArgumentOutOfRangeException(nameof(moment), moment, null);
        }
    }

    private async Task<bool> IsOverAsync(int job) => JobStates.IsOver(await Site.Slurm.JobStateAsync(job));

    private async Task<bool> HoldsAsync(int job) => (await Site.Outside.HoldsAsync()).SequenceEqual([$"{VmSite.Node} lab.{job}"]);

    private async Task<bool> RunsAsync(int job) =>
        (await Machine.ExecAsync(["cat", $"/run/job-{job}"])).StandardOutput == "began\n" && await ServicesAsync() == "inactive inactive";
}
