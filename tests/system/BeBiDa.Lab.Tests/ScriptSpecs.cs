namespace BeBiDa.Lab.Tests;

/// <summary>Prolog and epilog scripts in the lab.</summary>
[TestFixture]
internal sealed class ScriptSpecs
{
    [Test, CancelAfter(600_000)]
    public async Task Scripts_on_both_sides_see_the_jobs_environment(CancellationToken cancel)
    {
        const string record = """
            #!/bin/sh
            {
                echo "$SLURM_JOB_ID ${SLURM_JOB_NODELIST-} ${SLURM_JOB_NAME-} ${SLURMD_NODENAME-}"
            } >> "$(dirname "$0")/../jobs/$(basename "$0")"

            """;
        await using var slurm = await SlurmCluster.StartAsync(
            new SlurmOptions
            {
                Nodes = 2,
                PrologSlurmctld = record,
                EpilogSlurmctld = record,
                Prolog = record,
                Epilog = record,
            },
            cancel
        );
        string[] Seen(string script) => File.ReadAllLines(Path.Combine(slurm.Directory, "jobs", script));

        var job = await slurm.SubmitAsync(["-N2", "-J", "seen", "--wrap", "true"], cancel);
        await slurm.WaitForJobAsync(job, JobState.Completed, cancel);
        await slurm.WaitForIdleNodesAsync(cancel);

        Assert.That(Seen("PrologSlurmctld"), Is.EqualTo(new[] { $"{job} n[1-2] seen " }));
        Assert.That(Seen("Prolog").Select(line => line.Split(' ')[^1]), Is.EquivalentTo(new[] { "n1", "n2" }));
        Assert.That(Seen("Epilog").Select(line => line.Split(' ')[^1]), Is.EquivalentTo(new[] { "n1", "n2" }));
        await Eventually.HoldsAsync(
            "slurmctld's epilog has run",
            Eventually.Patience,
            _ => Task.FromResult(new FileInfo(Path.Combine(slurm.Directory, "jobs", "EpilogSlurmctld")) is { Exists: true, Length: > 0 }),
            cancel
        );
        Assert.That(Seen("EpilogSlurmctld"), Is.EqualTo(new[] { $"{job} n[1-2] seen " }));
    }

    [Test, CancelAfter(600_000)]
    public async Task The_scripted_hand_over_drains_and_uncordons_node_after_node(CancellationToken cancel)
    {
        var directory = Directory.CreateTempSubdirectory("bebida-kubectl ");
        try
        {
            // A kubectl that writes down what it is asked, and fails: a scripted hand-over does not fail the job.
            var kubectl = Path.Combine(directory.FullName, "kubectl");
            var calls = Path.Combine(directory.FullName, "calls");
            File.WriteAllText(kubectl, $"#!/bin/sh\necho \"$@\" >> '{calls}'\nexit 1\n");
            File.SetUnixFileMode(kubectl, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var options = new ScriptedHandOver(kubectl, "/the/kubeconfig").ApplyTo(new SlurmOptions { Nodes = 2 });
            await using var slurm = await SlurmCluster.StartAsync(options, cancel);

            (await slurm.RunAsync("srun", ["-N2", "true"], cancel)).EnsureSucceeded();

            string[] expected =
            [
                "--kubeconfig /the/kubeconfig drain n1 --force --ignore-daemonsets --delete-emptydir-data --grace-period=5",
                "--kubeconfig /the/kubeconfig drain n2 --force --ignore-daemonsets --delete-emptydir-data --grace-period=5",
                "--kubeconfig /the/kubeconfig uncordon n1",
                "--kubeconfig /the/kubeconfig uncordon n2",
            ];
            await Eventually.HoldsAsync(
                "both scripts have run",
                Eventually.Patience,
                _ => Task.FromResult(File.ReadAllLines(calls).Length == expected.Length),
                cancel
            );
            Assert.That(File.ReadAllLines(calls), Is.EqualTo(expected));
            Assert.That(
                File.ReadAllText(Path.Combine(slurm.Directory, "log", "scripted-prolog.log")),
                Does.Contain("n1: kubectl exited with 1")
            );
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }
}
