using BeBiDa.Cli;
using BeBiDa.Cli.Slurm;
using BeBiDa.Reconciliation;

namespace BeBiDa.Tests;

/// <summary>What squeue prints decides which holds stay: what cannot be understood costs no job its nodes.</summary>
public sealed class SqueueJobsSpecs
{
    private const string Settings = "ClusterName             = lab\nPrivateData             = none\nSlurmUser = slurm(64030)\n";

    [TestCase("RUNNING", false)]
    [TestCase("SUSPENDED", false)]
    [TestCase("CONFIGURING", false)]
    [TestCase("COMPLETING", true)]
    [TestCase("STAGE_OUT", true)]
    [TestCase("A_STATE_THAT_NO_ONE_KNOWS_YET", true)]
    public async Task A_job_in_such_a_state_keeps_its_nodes(string state, bool leaving)
    {
        var job = (await ListAsync($"7|{state}|alice|batch|n1,n2\n")).Jobs.Single();
        Assert.That((job.Id, job.User, job.Partition, job.Leaving), Is.EqualTo((7u, "alice", "batch", leaving)));
        Assert.That(job.Nodes, Is.EqualTo(new[] { "n1", "n2" }));
    }

    // Elsewhere a user names any account, and a line of squeue's could hold another.
    [Test]
    public async Task The_account_is_read_where_Slurm_enforces_it()
    {
        var enforced = await ListAsync("7|RUNNING|alice|batch|n1|physics\n", Settings + "AccountingStorageEnforce = associations,limits\n");
        Assert.That(enforced.Jobs.Single().Account, Is.EqualTo("physics"));
        Assert.That(() => ListAsync("7|RUNNING|alice|batch|n1|physics\n"), Throws.TypeOf<JobsUnknownException>());
    }

    [TestCase("PENDING")]
    [TestCase("COMPLETED")]
    [TestCase("CANCELLED")]
    [TestCase("NODE_FAIL")]
    public async Task A_job_in_such_a_state_has_no_nodes_whatever_squeue_shows_it_had(string state) =>
        Assert.That((await ListAsync($"7|{state}|alice|batch|n1\n")).Jobs, Is.Empty);

    [TestCase("8|RUNNING|alice|batch\n", "squeue: '8|RUNNING|alice|batch' does not match the format")]
    [TestCase("7|RUNNING|alice|batch|\n", "squeue: job 7 is RUNNING on ''")]
    public void A_list_that_cannot_be_understood_is_no_list_of_jobs(string printed, string problem) =>
        Assert.That(() => ListAsync(printed), Throws.TypeOf<JobsUnknownException>().With.Message.Contains(problem));

    [TestCase("SlurmUser               = slurm(64030)\n")]
    [TestCase("ClusterName             = (null)\n")]
    public void A_scontrol_that_tells_no_cluster_costs_no_job_its_hold(string settings) =>
        Assert.That(
            () => ListAsync("", settings),
            Throws.TypeOf<JobsUnknownException>().With.Message.EqualTo("scontrol show config shows no ClusterName")
        );

    private static async Task<JobList> ListAsync(string squeue, string settings = Settings)
    {
        var jobs = await SqueueJobs.ConnectAsync(
            default,
            (command, _, _) => Task.FromResult(new HostCommand(command == "squeue" ? squeue : settings, "", IsInstalled: true))
        );
        return await jobs.ListAsync(default);
    }
}
