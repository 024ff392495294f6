using BeBiDa.Cli.Checks;
using BeBiDa.Cli.Slurm;

namespace BeBiDa.Tests;

/// <summary>What bebidactl check finds in the files of slurmctld's host.</summary>
public sealed class CheckSpecs : CommandLineTest
{
    private const string Conf = """
        ClusterName=lab
        SlurmUser=root
        PrEpPlugins=prep/script,prep/bebida
        PrologFlags=Alloc
        BatchStartTimeout=70

        """;

    // A way to break the files: what is found, what is said to write, and the files as they are then.
    private static TestCaseData Way(
        string name,
        string check,
        string write,
        Func<string, string>? yaml = null,
        Func<CheckSpecs, string, string>? conf = null,
        UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        bool error = true
    ) => new TestCaseData(check, write, yaml ?? (text => text), conf ?? ((_, text) => text), mode, error).SetArgDisplayNames(name);

    public static IEnumerable<TestCaseData> Ways =>
        [
            Way(
                "bebida.yaml has an unknown key",
                "configuration/refused",
                "^a valid value, or delete the line",
                text => text + "controler: {deadline: 5s}\n"
            ),
            Way(
                "Unix groups may keep nodes",
                "configuration/outdated",
                "^accounts: ",
                text => text + "jobs: {mayKeep: {groups: [physics]}}\n"
            ),
            Way(
                "accounts may keep nodes and Slurm does not check them",
                "slurm.conf/accounts",
                "^AccountingStorageEnforce=associations$",
                text => text + "jobs: {mayKeep: {accounts: [physics]}}\n"
            ),
            Way(
                "evictions may take longer than the job waits",
                "configuration/refused",
                "^a valid value, or delete the line",
                text => text + "controller: {deadline: 10s}\n"
            ),
            Way("bebida.yaml names no kubeconfig", "configuration/refused", "^kubeconfig: /etc/bebida/kubeconfig$", _ => "node: {}\n"),
            Way("anyone can write bebida.yaml", "configuration/refused", "^chmod go-w /.*bebida.yaml$", mode: (UnixFileMode)0b110_110_110),
            Way(
                "a request may take as long as the job waits",
                "timeouts/request",
                "^requestTimeout: 10s$",
                text => text + "  requestTimeout: 30s\n",
                error: false
            ),
            Way(
                "pods get the time that they want and not the time for it",
                "timeouts/grace",
                "^deadline: 45s, and under controller: deadline: 1m30s$",
                text => text + "eviction: {gracePeriod: pod}\n",
                error: false
            ),
            Way(
                "the folder of the metrics is not there",
                "metrics/folder",
                "^install -d -o root -g root -m 2775 /nowhere$",
                text => text + "metrics: {textfile: /nowhere/bebida.prom}\n",
                error: false
            ),
            Way(
                "slurmctld's user cannot write to the folder of the metrics",
                "files/unreadable metrics/folder",
                "^chgrp daemon /etc && chmod g\\+w /etc$",
                text => text + "metrics: {textfile: /etc/bebida.prom}\n",
                (_, text) => text.Replace("SlurmUser=root", "SlurmUser=daemon")
            ),
            Way(
                "SlurmUser is nobody that the host knows",
                "files/slurm-user",
                "^SlurmUser=slurm$",
                conf: (_, text) => text.Replace("SlurmUser=root", "SlurmUser=slrum")
            ),
            Way(
                "slurm.conf does not name the plugin",
                "slurm.conf/prep-plugins",
                "^PrEpPlugins=prep/script,prep/bebida$",
                conf: (_, text) => text.Replace(",prep/bebida", "")
            ),
            Way(
                "a file that slurm.conf includes does not name the plugin",
                "slurm.conf/prep-plugins",
                "^PrEpPlugins=prep/script,prep/bebida$",
                conf: (specs, text) =>
                {
                    specs.Add("more.conf", "# A comment\nprepplugins = prep/script # and another\n");
                    return text.Replace("PrEpPlugins=prep/script,prep/bebida", "Include more.conf");
                }
            ),
            Way(
                "Slurm's own scripts are not run any more",
                "slurm.conf/prep-script",
                "^PrEpPlugins=prep/script,prep/bebida$",
                conf: (_, text) => text.Replace("PrEpPlugins=prep/script,", "Prolog=/bin/true\nPrEpPlugins=")
            ),
            Way(
                "slurm.conf has no PrologFlags",
                "slurm.conf/prolog-flags",
                "^PrologFlags=Serial,Alloc$",
                conf: (_, text) => text.Replace("PrologFlags=Alloc", "PrologFlags=Serial")
            ),
            Way(
                "the old script is still there",
                "slurm.conf/old-script",
                "^# EpilogSlurmctld=/",
                conf: (specs, text) =>
                    text + $"EpilogSlurmctld={specs.Add("epilog.sh", "#!/bin/sh\nkubectl uncordon $SLURM_JOB_NODELIST\n")}\n",
                error: false
            ),
            Way(
                "Slurm kills prologs too early",
                "timeouts/prolog-epilog",
                "^PrologEpilogTimeout=80$",
                conf: (_, text) => text + "PrologEpilogTimeout=60\n"
            ),
            Way(
                "Slurm misses batch jobs too early",
                "timeouts/batch-start",
                "^BatchStartTimeout=70$",
                conf: (_, text) => text.Replace("BatchStartTimeout=70", "BatchStartTimeout=10"),
                error: false
            ),
            Way(
                "our program does not know the site's own",
                "power/program",
                "^suspendProgram: /",
                conf: (_, text) => text + "SuspendProgram=/usr/libexec/bebida/suspend-program\nSuspendTimeout=60\n"
            ),
            Way(
                "our program would call itself",
                "power/program",
                "^resumeProgram: /",
                yaml: text => text + "slurm: {resumeProgram: /usr/libexec/bebida/resume-program}\n",
                conf: (_, text) => text + "ResumeProgram=/usr/libexec/bebida/resume-program\n"
            ),
            Way(
                "Slurm does not wait for the pods of a node that it switches off",
                "power/timeout",
                "^SuspendTimeout=50$",
                yaml: text => text + "slurm: {suspendProgram: /site/off, powerTimeout: 40s}\n",
                conf: (_, text) => text + "SuspendProgram=/usr/libexec/bebida/suspend-program\n",
                error: false
            ),
            Way(
                "Slurm does not wait for a node that waits for its pods",
                "power/timeout",
                "^ResumeTimeout=80$",
                yaml: text => text + "slurm: {rebootProgram: /site/reboot}\n",
                conf: (_, text) => text + "RebootProgram=/usr/libexec/bebida/reboot-program\n",
                error: false
            ),
            Way(
                "Slurm cannot add nodes to its list of those that stay on",
                "power/keep-awake",
                "^SuspendExcNodes=n.1-9.,login$",
                yaml: text => text + "nodes: {keepAwake: true}\n",
                conf: (_, text) => text + "SuspendExcNodes=n[1-9]:4,login\n"
            ),
            Way(
                "jobs are to be foreseen, and slurmctld does not plan",
                "foresight/scheduler",
                "^SchedulerType=sched/backfill$",
                yaml: text => text + "nodes: {freeSeconds: true}\n",
                conf: (_, text) => text + "SchedulerType=sched/builtin\n",
                error: false
            ),
            Way(
                "backfill is switched off",
                "foresight/bf-interval",
                "^SchedulerParameters=bf_continue,bf_interval=30$",
                yaml: text => text + "nodes: {lead: 2m}\n",
                conf: (_, text) => text + "SchedulerParameters=bf_continue,bf_interval=-1\n",
                error: false
            ),
            Way(
                "backfill plans too seldom",
                "foresight/lead",
                "^lead: 600s$",
                yaml: text => text + "nodes: {lead: 2m}\n",
                conf: (_, text) => text + "SchedulerParameters=bf_interval=61,bf_max_time=300\n",
                error: false
            ),
            Way(
                "backfill does not look far enough ahead",
                "foresight/bf-window",
                "^SchedulerParameters=bf_window=1440$",
                yaml: text => text + "nodes: {lead: 45m}\n",
                conf: (_, text) => text + "SchedulerParameters=bf_window=30\n",
                error: false
            ),
            Way(
                "power saving does not wait for pods",
                "states/suspend-program",
                "^SuspendProgram=/usr/libexec/bebida/suspend-program, and /.*bebida.yaml, under slurm: suspendProgram: /usr/sbin/node-off -f$",
                conf: (_, text) => text + "SuspendTime=600\nSuspendProgram=/usr/sbin/node-off -f\n",
                error: false
            ),
            Way(
                "power saving of one partition does not wait for pods",
                "states/suspend-program",
                "^SuspendProgram=/usr/libexec/bebida/suspend-program, ",
                conf: (_, text) => text + "SuspendTime=INFINITE\nSuspendProgram=/off\nPartitionName=all Nodes=ALL SuspendTime=600\n",
                error: false
            ),
            Way(
                "reboots do not wait for pods",
                "states/reboot-program",
                "^RebootProgram=/usr/libexec/bebida/reboot-program, and /.*bebida.yaml, under slurm: rebootProgram: /sbin/reboot$",
                conf: (_, text) => text + "RebootProgram=/sbin/reboot\n",
                error: false
            ),
            Way(
                "slurmctld reboots nodes with the program for slurmd",
                "states/reboot-program",
                "^RebootProgram=/usr/libexec/bebida/reboot-from-controller$",
                text => text + "slurm: {rebootProgram: /sbin/reboot}\n",
                (_, text) =>
                    text
                    + "ResumeTimeout=600\nSlurmctldParameters=enable_configless,reboot_from_controller\n"
                    + "RebootProgram=/usr/libexec/bebida/reboot-program\n",
                error: false
            ),
            Way(
                "NHC drains nodes and no bad reason is its",
                "states/health-check",
                "^badReasons: \\[\"NHC\\*\", \"broken\\*\"\\]$",
                text => text + "slurm: {badReasons: ['broken*']}\n",
                (_, text) => text + "HealthCheckProgram=/usr/sbin/nhc\nHealthCheckInterval=300\n",
                error: false
            ),
            Way(
                "a health check drains nodes and no reason is bad",
                "states/health-check",
                "^badReasons: \\[\"health\\*\"\\], with the reasons that it gives$",
                text => text + "slurm: {badReasons: []}\n",
                (_, text) => text + "HealthCheckProgram=/opt/site/check\nHealthCheckInterval=300\n",
                error: false
            ),
        ];

    [Test]
    public void In_healthy_files_nothing_is_found() => Assert.That(Find(Yaml, Conf).All, Is.Empty);

    [TestCaseSource(nameof(Ways))]
    public void What_is_wrong_in_the_files_is_found_and_named(
        string check,
        string write,
        Func<string, string> yaml,
        Func<CheckSpecs, string, string> conf,
        UnixFileMode mode,
        bool error
    )
    {
        var found = Find(yaml(Yaml), conf(this, Conf), mode).All;
        Assert.That(found.Select(f => f.Check).Distinct(), Is.EqualTo(check.Split(' ')));
        Assert.That(found[0].Severity, Is.EqualTo(error ? Severity.Error : Severity.Warning));
        Assert.That(found[^1].Write, Does.Match(write));
        Assert.That(found, Has.All.Matches<Finding>(f => f!.What.Length > 0 && f.Why.Length > 0 && f.Where.Length > 0));
    }

    [TestCase("SuspendTime=-1\nSuspendProgram=/off\n", "")]
    [TestCase("SuspendTime=NONE\nSuspendProgram=/off\n", "")]
    [TestCase("SuspendTime=600\n", "")]
    [TestCase("SuspendTime=600\nSuspendProgram=/usr/libexec/bebida/suspend-program\n", "slurm: {suspendProgram: /off}\n")]
    [TestCase("SuspendTime=600\nSuspendProgram=/off\nRebootProgram=/sbin/reboot\n", "slurm: {powerSaving: hold, reboot: ignore}\n")]
    [TestCase("HealthCheckProgram=/usr/sbin/nhc\nHealthCheckInterval=300\n", "")]
    [TestCase("SchedulerType=sched/builtin\nSchedulerParameters=bf_interval=600\n", "")]
    [TestCase("SchedulerParameters=bf_interval=60,bf_window=2\n", "nodes: {lead: 2m}\n")]
    [TestCase("HealthCheckProgram=/opt/check\n", "slurm: {badReasons: []}\n")]
    [TestCase("HealthCheckProgram=/opt/check\nHealthCheckInterval=300\n", "slurm: {badReasons: [], drain: evict}\n")]
    public void What_takes_care_of_pods_or_does_nothing_to_them_is_no_finding(string conf, string yaml) =>
        Assert.That(Find(Yaml + yaml, Conf + conf).All, Is.Empty);

    [Test]
    public async Task A_reservation_that_is_maintenance_by_its_name_only_is_found()
    {
        var findings = new Findings();
        await StateChecks.RunReservationsAsync(
            findings,
            default,
            (_, _, _) =>
                Task.FromResult(
                    new HostCommand(
                        "ReservationName=spring_Maintenance StartTime=1 EndTime=2 Nodes=n1 NodeCnt=1 Flags=IGNORE_JOBS,SPEC_NODES TRES=cpu=1\n"
                            + "ReservationName=maint2 StartTime=1 EndTime=2 Nodes=n1 NodeCnt=1 Flags=MAINT,SPEC_NODES TRES=cpu=1\n"
                            + "ReservationName=course StartTime=1 EndTime=2 Nodes=n1 NodeCnt=1 Flags=SPEC_NODES TRES=cpu=1\n",
                        "",
                        IsInstalled: true
                    )
                )
        );
        Assert.That(
            findings.All.Select(f => $"{f.Check}: {f.Write}"),
            Is.EqualTo(new[] { "reservations/not-maintenance: scontrol update ReservationName=spring_Maintenance Flags+=MAINT" })
        );
    }

    [Test]
    public async Task What_keeps_slurmctld_from_planning_all_jobs_is_found()
    {
        var findings = new Findings();
        await ForesightChecks.RunSlurmAsync(
            SiteOf(Yaml + "nodes: {lead: 2m}\njobs: {partitions: [long, short]}\n", Conf + "SchedulerParameters=bf_max_job_test=2\n"),
            findings,
            default,
            (program, _, _) =>
                Task.FromResult(
                    new HostCommand(
                        program == "squeue"
                            ? "Priority|long\nResources|short,other\nPriority|long\nDependency|long\nPriority|other\n"
                            : "PartitionName=long AllowGroups=ALL DefaultTime=NONE DisableRootJobs=NO MaxNodes=UNLIMITED MaxTime=UNLIMITED MinNodes=0\n"
                                + "PartitionName=other AllowGroups=ALL DefaultTime=NONE DisableRootJobs=NO MaxNodes=UNLIMITED MaxTime=UNLIMITED MinNodes=0\n"
                                + "PartitionName=short AllowGroups=ALL DefaultTime=NONE DisableRootJobs=NO MaxNodes=UNLIMITED MaxTime=01:00:00 MinNodes=0\n",
                        "",
                        IsInstalled: true
                    )
                )
        );
        Assert.That(
            findings.All.Select(f => $"{f.Check}: {f.Write}"),
            Is.EqualTo(
                new[]
                {
                    "foresight/time-limits: PartitionName=long DefaultTime=1:00:00 …",
                    "foresight/bf-max-job-test: sdiag, and a higher bf_max_job_test in SchedulerParameters if backfill's last cycles were short",
                }
            )
        );
    }

    [Test]
    public void A_problem_of_bebida_yaml_is_found_at_its_line_and_its_remedy_is_not_said_twice()
    {
        var found = Find(Yaml + "controler: {}\n", Conf).All.Single();
        Assert.That(found.Where, Is.EqualTo($"{PathOf("bebida.yaml")}:3"));
        var open = Find(Yaml, Conf, (UnixFileMode)0b110_110_110).All.Single();
        Assert.That(open.What, Does.EndWith("lets others change it"));
    }

    private string Yaml => $"kubernetes:\n  kubeconfig: {Kubeconfig}\n";

    private CheckedSite SiteOf(string yaml, string conf, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite) =>
        CheckedSite.Of(
            Add("bebida.yaml", yaml, mode),
            HostRole.Controller,
            SlurmConf.Read(Add("slurm.conf", conf)),
            RunningSlurm.Parse("PrEpPlugins             = prep/script,prep/bebida\nPrologFlags             = Alloc,Contain\n")
        );

    private Findings Find(string yaml, string conf, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite)
    {
        var site = SiteOf(yaml, conf, mode);
        var findings = new Findings();
        ConfigurationChecks.Run(site, HostRole.Controller, findings);
        SlurmConfChecks.Run(site, findings);
        TimeoutChecks.Run(site, findings);
        PowerChecks.Run(site, findings);
        StateChecks.Run(site, findings);
        ForesightChecks.Run(site, findings);
        FileChecks.Run(site, findings);
        return findings;
    }
}
