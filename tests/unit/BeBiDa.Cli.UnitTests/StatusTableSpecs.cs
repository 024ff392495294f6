using BeBiDa.Cli;
using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.Holds;
using BeBiDa.Kubernetes;
using Spectre.Console;

namespace BeBiDa.Tests;

public sealed class StatusTableSpecs
{
    private static readonly DateTimeOffset Now = new(2026, 1, 31, 8, 0, 0, TimeSpan.Zero);

    [Test]
    public void A_node_whose_pods_still_leave_one_uncordoned_by_hand_and_one_that_is_not_ready_say_so() =>
        Assert.That(
            Lines(
                Node("n0", ready: false),
                Node("n1", unschedulable: true, pods: 2, holds: new Hold(new HoldKey("lab", 9), null)),
                Node("n2", holds: [new Hold(new HoldKey("lab", 7), Now - new TimeSpan(3, 4, 30, 0)), new Hold(new HoldKey("lab", 8), Now)]),
                Node("n3", unschedulable: true)
            ),
            Is.EqualTo(
                new[]
                {
                    "NODE   IN KUBERNETES            HELD BY        SINCE   PODS",
                    "n0     schedulable, not ready   -              -          0",
                    "n1     pods leaving             lab.9          -          2",
                    "n2     held, but uncordoned     lab.7, lab.8   3d4h       0",
                    "n3     cordoned                 -              -          0",
                }
            )
        );

    [Test]
    public void A_held_node_with_pods_that_tolerate_the_hold_says_so() =>
        Assert.That(
            Lines(
                Node(
                    "n2",
                    unschedulable: true,
                    pods: 1,
                    tolerating: 1,
                    holds: new Hold(new HoldKey("lab", 7), Now - TimeSpan.FromSeconds(90))
                )
            )[1],
            Does.Match("^n2 +held, pods tolerate it +lab.7 +90s +1$")
        );

    [Test]
    public void A_node_that_is_held_for_no_job_says_why() =>
        Assert.That(
            Lines(
                Node("n1", unschedulable: true, holds: new Hold(new HoldKey("lab", 7), Now)),
                Node(
                    "n2",
                    unschedulable: true,
                    holds: new Hold(new HoldKey("lab", "maint"), Now, new HoldReason("reservation upgrade", Now.AddHours(2)))
                )
            ),
            Is.EqualTo(
                new[]
                {
                    "NODE   IN KUBERNETES   HELD BY     SINCE   PODS   WHY",
                    "n1     held            lab.7       0s         0",
                    "n2     held            lab.maint   0s         0   reservation upgrade, until 2026-01-31T10:00:00Z",
                }
            )
        );

    private static NodeStatus Node(
        string name,
        bool ready = true,
        bool unschedulable = false,
        int pods = 0,
        int tolerating = 0,
        params Hold[] holds
    ) => new(new ClusterNode(name, ""), ready, unschedulable, holds, pods, tolerating);

    private static string[] Lines(params NodeStatus[] nodes)
    {
        using var written = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(written) });
        console.Profile.Width = 200;
        console.Write(StatusTable.Of(new NodeNames(new NodesConfiguration()), nodes, Now));
        return [.. written.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.TrimEnd())];
    }
}
